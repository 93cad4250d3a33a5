// Measures how many typical submit_sm PDUs one thread decodes and re-encodes per CPU-second. Our
// codec, the npm package `smpp` and hand-written code take turns on the same octets, so that other
// load on the machine affects all three equally. The medians of their turns are compared.
import assert from 'node:assert'
import { PDU } from 'smpp'
import { decodePdu, encodePdu } from '../src/smpp/index.ts'
import type { BenchOptions } from './benchOptions.ts'
import { figureOf, median } from './figure.ts'
import type { Figure } from './figure.ts'
import { decodeByHand, encodeByHand } from './submitByHand.ts'
import { typicalSubmits } from './typicalSubmits.ts'

/** Decodes the PDU in octets[start, end), encodes it again, and returns the new octets. */
type Recode = (octets: Buffer, start: number, end: number) => Buffer

const PDUS = 256
const ROUNDS = 9
const METRIC = 'decode and encode, per CPU-second'
const UNIT = 'messages/s'

const codecs = {
  signalbox(octets, start, end) {
    const decoded = decodePdu(octets, start, end)
    assert(decoded.kind === 'pdu')
    return encodePdu(decoded.pdu)
  },
  smpp(octets, start, end) {
    const pdu = PDU.fromBuffer(octets.subarray(start, end))
    assert(pdu)
    return pdu.toBuffer()
  },
  byHand: (octets, start) => encodeByHand(decodeByHand(octets, start)),
} satisfies Record<string, Recode>

type Codec = keyof typeof codecs
const ORDER: readonly Codec[] = ['signalbox', 'smpp', 'byHand']

/** Async like every benchmark, although it blocks the thread until it has finished. */
export async function codec({ seconds }: BenchOptions): Promise<Figure[]> {
  const submits = typicalSubmits(PDUS)
  for (const name of ORDER) checkRecode(name, submits)
  const turnMs = (seconds * 1_000) / ((ROUNDS + 1) * ORDER.length)
  const rates: Record<Codec, number[]> = { signalbox: [], smpp: [], byHand: [] }
  // The first round is a warm-up, in which each codec is compiled.
  for (let round = 0; round <= ROUNDS; round++) {
    for (const name of ORDER) {
      const rate = measure(codecs[name], submits, turnMs)
      if (round > 0) rates[name].push(rate)
    }
  }
  const ours = median(rates.signalbox)
  const smpp = median(rates.smpp)
  const byHand = median(rates.byHand)
  const figure = figureOf('codec')
  return [
    figure(METRIC, ours, UNIT, { name: 'npm smpp', value: smpp }),
    figure(METRIC, ours, UNIT, { name: 'by hand', value: byHand }),
    figure(`${METRIC}: npm smpp`, smpp, UNIT),
    figure(`${METRIC}: by hand`, byHand, UNIT),
  ]
}

function checkRecode(name: Codec, submits: readonly Buffer[]): void {
  for (const submit of submits) {
    assert(
      codecs[name](submit, 0, submit.length).equals(submit),
      `${name} does not reproduce the message`,
    )
  }
}

/** Messages per second of user and system time, including the garbage collector's threads. */
function measure(recode: Recode, submits: readonly Buffer[], forMs: number): number {
  const chunk = Buffer.concat(submits)
  const startedMs = performance.now()
  const before = process.cpuUsage()
  let messages = 0
  let octets = 0
  while (performance.now() - startedMs < forMs) {
    let start = 0
    for (const { length } of submits) {
      octets += recode(chunk, start, start + length).length
      start += length
    }
    messages += submits.length
  }
  const { user, system } = process.cpuUsage(before)
  assert(octets === (messages / submits.length) * chunk.length)
  return (messages * 1e6) / (user + system)
}
