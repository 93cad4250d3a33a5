// Generates the requests of a customer whose program is broken, hostile or merely unusual. Every
// field, TLV, length, time and flag of submit_sm, data_sm and submit_multi gets valid and invalid
// values. The requests are written as octets, because our own encoder would refuse many of them.
// Their framing is valid, so the bind survives.

import { TLVS } from '../src/smpp/index.ts'

export interface OddRequest {
  readonly commandId: number
  readonly body: Buffer
}

type Random = () => number

const COMMANDS = { submit_sm: 0x04, submit_multi: 0x21, data_sm: 0x103 } as const
/**
 * query_sm, replace_sm, cancel_sm, deliver_sm, broadcast_sm, a vendor command and an unknown
 * command.
 */
const OTHER_COMMANDS = [0x03, 0x07, 0x08, 0x05, 0x111, 0x00010200, 0x77]
const OTHER_SHARE = 0.03
const MUTATED_SHARE = 0.15
/** Text lengths at and around the limits of the SMPP versions. */
const TEXT_OCTETS = [0, 1, 5, 139, 140, 141, 159, 160, 161, 253, 254, 255]
const PAYLOAD_OCTETS = [0, 1, 140, 248, 249, 254, 255, 256, 1_000, 5_000]
/**
 * Lengths around the longest text that is accepted and the longest value that a TLV can hold. They
 * are rare, because they are slow.
 */
const LONG_PAYLOAD_OCTETS = [39_000, 40_960, 65_000, 65_535]
const LONG_PAYLOAD_SHARE = 0.002
/** A session treats a PDU of more than 70,000 octets as a framing error and closes. */
const BODY_OCTETS_MAX = 69_900
const RIGHT_TIMES = ['000000000005000R', '000007000000000R', '200101120000000+', '370101120000012-']
const WRONG_TIMES = ['0', '0000000000050', '999999999999999+', 'abcdefghijklmno+', '1'.repeat(30)]
const TAGS = Object.values(TLVS).map(({ tag }) => tag)
/** The sm_length of a message whose text is in message_payload. */
const NO_TEXT = [Buffer.of(0)]
const SAR_TAGS = ['sar_msg_ref_num', 'sar_total_segments', 'sar_segment_seqnum'] as const
const PAYLOAD_TAG = TLVS.message_payload.tag

/**
 * Generates the next request. The result depends only on the random numbers. Most requests go to a
 * number that begins with one of the prefixes.
 */
export function oddRequest(random: Random, prefixes: readonly string[]): OddRequest {
  const kind = random()
  if (kind < OTHER_SHARE)
    return { commandId: one(random, OTHER_COMMANDS), body: octets(random, below(random, 80)) }
  const command = kind < 0.07 ? 'data_sm' : kind < 0.11 ? 'submit_multi' : 'submit_sm'
  const hasPayload = random() < 0.2
  const parts = partsOf(random, command, prefixes)
  if (command !== 'data_sm') parts.push(...(hasPayload && random() < 0.8 ? NO_TEXT : text(random)))
  const whole = Buffer.concat([...parts, ...tlvs(random, hasPayload)])
  const body = whole.subarray(0, BODY_OCTETS_MAX)
  const isMutated = random() < MUTATED_SHARE
  return { commandId: COMMANDS[command], body: isMutated ? mutated(random, body) : body }
}

function partsOf(
  random: Random,
  command: keyof typeof COMMANDS,
  prefixes: readonly string[],
): Buffer[] {
  const head = [
    cString(random() < 0.02 ? 'toolong' : one(random, ['', '', 'CMT', 'WAP', 'USSD1'])),
    flag(random, [0, 1, 5]),
    flag(random, [0, 1]),
    cString(source(random)),
  ]
  const destination = [flag(random, [0, 1]), flag(random, [0, 1]), cString(to(random, prefixes))]
  const esmClass = flag(random, [0, 0, 0x40, 0x03, 0x43, 0x80, 0x04, 0x3c])
  const registeredDelivery = flag(random, [0, 1, 1, 1, 2, 3, 0x10, 0x11])
  const dataCoding = flag(random, [0, 1, 2, 3, 4, 8, 0xf0, 0xf5])
  if (command === 'data_sm')
    return [...head, ...destination, esmClass, registeredDelivery, dataCoding]
  return [
    ...head,
    ...(command === 'submit_multi' ? [Buffer.of(1, 1)] : []),
    ...destination,
    esmClass,
    flag(random, [0, 0x40, 0x7f]),
    flag(random, [0, 1, 3]),
    cString(time(random)),
    cString(time(random)),
    registeredDelivery,
    flag(random, [0, 0, 0, 1]),
    dataCoding,
    flag(random, [0, 0, 0, 1]),
  ]
}

function source(random: Random): string {
  const usual = ['Shop', '31201234567', '', '+31201234567', '12345678901234567890']
  return random() < 0.9
    ? one(random, usual)
    : one(random, ['1'.repeat(21), '\x80\xff\x1b', "'; drop table messages; --"])
}

function to(random: Random, prefixes: readonly string[]): string {
  const number = `${one(random, prefixes)}${String(below(random, 1e8)).padStart(8, '0')}`
  if (random() < 0.9) return random() < 0.05 ? `+${number}` : number
  return one(random, [
    '',
    'shop',
    '0',
    '999',
    number.padEnd(20, '7'),
    '1'.repeat(25),
    '4\x804',
    '٣',
  ])
}

function time(random: Random): string {
  const drawn = random()
  if (drawn < 0.85) return ''
  return one(random, drawn < 0.95 ? RIGHT_TIMES : WRONG_TIMES)
}

/** sm_length and short_message. sm_length is rarely wrong. */
function text(random: Random): Buffer[] {
  const said = content(random, random() < 0.5 ? one(random, TEXT_OCTETS) : below(random, 256))
  const length = random() < 0.02 ? below(random, 256) : said.length
  return [Buffer.of(length), said]
}

/** Plain text, random octets, or random octets that begin with a user data header. */
function content(random: Random, length: number): Buffer {
  const kind = random()
  if (kind < 0.5) return Buffer.alloc(length, 'The quick brown fox. ')
  const any = octets(random, length)
  if (kind > 0.8 && length > 6) Buffer.of(5, 0, 3, below(random, 256), 2, 1).copy(any)
  return any
}

function tlvs(random: Random, hasPayload: boolean): Buffer[] {
  const count = random() < 0.5 ? 0 : below(random, 4)
  const some = Array.from({ length: count }, () => anyTlv(random))
  if (hasPayload) some.push(tlv(PAYLOAD_TAG, payload(random)))
  if (random() < 0.2) some.push(...sar(random))
  const again = some[below(random, some.length)]
  return again && random() < 0.1 ? [...some, again] : some
}

function payload(random: Random): Buffer {
  const isLong = random() < LONG_PAYLOAD_SHARE
  return content(random, one(random, isLong ? LONG_PAYLOAD_OCTETS : PAYLOAD_OCTETS))
}

/** A random TLV. Half of the tags are known. */
function anyTlv(random: Random): Buffer {
  const tag = random() < 0.5 ? one(random, TAGS) : below(random, 0x10000)
  const value = octets(random, one(random, [0, 1, 2, 3, 4, 6, 20, 70]))
  // Rarely, the length exceeds the value.
  return tlv(tag, value, random() < 0.01 ? value.length + 1 + below(random, 300) : value.length)
}

/** The SAR TLVs: usually all three of them, and usually with valid numbers. */
function sar(random: Random): Buffer[] {
  const isRight = random() < 0.7
  const values = isRight
    ? [Buffer.of(below(random, 2), below(random, 256)), Buffer.of(3), Buffer.of(2)]
    : SAR_TAGS.map(() => octets(random, below(random, 3)))
  const three = SAR_TAGS.map((name, index) => tlv(TLVS[name].tag, values[index] ?? Buffer.alloc(0)))
  return isRight || random() < 0.5 ? three : three.slice(below(random, 3))
}

function tlv(tag: number, value: Buffer, length = value.length): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt16BE(tag)
  head.writeUInt16BE(length & 0xffff, 2)
  return Buffer.concat([head, value])
}

function mutated(random: Random, body: Buffer): Buffer {
  const at = below(random, body.length)
  switch (below(random, 4)) {
    case 0:
      return body.subarray(0, at)
    case 1:
      return Buffer.concat([body.subarray(0, at), octets(random, 4), body.subarray(at)])
    case 2:
      return Buffer.concat([body.subarray(0, at), body.subarray(at + below(random, 20))])
    default:
      for (let flips = 1 + below(random, 8); flips > 0; flips--) {
        const place = below(random, body.length)
        body.writeUInt8(body.readUInt8(place) ^ (1 << below(random, 8)), place)
      }
      return body
  }
}

/** Usually one of these values, otherwise a random one. */
function flag(random: Random, usual: readonly number[]): Buffer {
  return Buffer.of(random() < 0.8 ? one(random, usual) : below(random, 256))
}

function cString(value: string): Buffer {
  return Buffer.from(`${value}\0`, 'latin1')
}

function octets(random: Random, length: number): Buffer {
  const made = Buffer.alloc(length)
  for (let at = 0; at < length; at++) made[at] = below(random, 256)
  return made
}

function one<T>(random: Random, list: readonly T[]): T {
  // The lists are never empty, and the index is below their length.
  return list[below(random, list.length)] as T
}

function below(random: Random, limit: number): number {
  return Math.floor(random() * limit)
}
