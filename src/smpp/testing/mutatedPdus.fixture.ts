import { realMessages } from './realMessages.fixture.ts'
import { vectorLines } from './vectorLines.fixture.ts'

type Random = () => number

/** Longer PDUs are left out of REAL, because they would slow down the tests. */
const OCTETS_MAX = 1000
const REAL: readonly Buffer[] = vectorLines('pdus')
  .map(({ hex }) => Buffer.from(hex, 'hex'))
  .filter(({ length }) => length <= OCTETS_MAX)

const MESSAGES: readonly Buffer[] = realMessages()
/** The share of PDUs from MESSAGES, because REAL has few receipts and parts of long messages. */
const MESSAGE_SHARE = 0.2

/** The sequence_numbers are low, so that some responses match requests of the tested session. */
const SEQUENCE_MAX = 32
const HEADER_OCTETS = 16

function below(random: Random, limit: number): number {
  return Math.floor(random() * limit)
}

function realPdu(random: Random): Buffer {
  const from = random() < MESSAGE_SHARE ? MESSAGES : REAL
  // Neither array is empty, and the index is below the length.
  return from[below(random, from.length)] as Buffer
}

const MUTATIONS: readonly ((pdu: Buffer, random: Random) => Buffer)[] = [
  function flipBits(pdu, random) {
    for (let count = 1 + below(random, 8); count > 0; count--) {
      const at = below(random, pdu.length)
      pdu.writeUInt8(pdu.readUInt8(at) ^ (1 << below(random, 8)), at)
    }
    return pdu
  },
  function setOctets(pdu, random) {
    for (let count = 1 + below(random, 4); count > 0; count--)
      pdu.writeUInt8([0, 1, 0x7f, 0x80, 0xff][below(random, 5)] ?? 0, below(random, pdu.length))
    return pdu
  },
  function truncate(pdu, random) {
    return pdu.subarray(0, below(random, pdu.length + 1))
  },
  function splice(pdu, random) {
    const other = realPdu(random)
    return Buffer.concat([
      pdu.subarray(0, below(random, pdu.length + 1)),
      other.subarray(below(random, other.length)),
    ])
  },
  function swapBodies(pdu, random) {
    return Buffer.concat([pdu.subarray(0, HEADER_OCTETS), realPdu(random).subarray(HEADER_OCTETS)])
  },
  function repeatPart(pdu, random) {
    const from = below(random, pdu.length)
    const part = pdu.subarray(from, from + below(random, 40))
    return Buffer.concat([pdu.subarray(0, from), part, part, pdu.subarray(from)])
  },
  function removePart(pdu, random) {
    const from = below(random, pdu.length)
    return Buffer.concat([pdu.subarray(0, from), pdu.subarray(from + below(random, 20))])
  },
  function append(pdu, random) {
    return Buffer.concat([pdu, Buffer.alloc(1 + below(random, 6), below(random, 256))])
  },
]

/**
 * Returns a real PDU with up to three mutations. In nearly all cases, command_length is corrected
 * afterwards. The PDU can then be framed, so that the mutations reach the decoder.
 */
export function mutatedPdu(random: Random): Buffer {
  let pdu: Buffer = Buffer.from(realPdu(random))
  for (let count = below(random, 4); count > 0 && pdu.length > 0; count--)
    pdu = MUTATIONS[below(random, MUTATIONS.length)]?.(pdu, random) ?? pdu
  if (random() < 0.005) return pdu
  if (pdu.length < HEADER_OCTETS) pdu = Buffer.concat([pdu], HEADER_OCTETS)
  const isWrong = random() < 0.005
  pdu.writeUInt32BE(isWrong ? below(random, 2 * pdu.length) : pdu.length, 0)
  if (random() < 0.7) pdu.writeUInt32BE(1 + below(random, SEQUENCE_MAX), 12)
  return pdu
}
