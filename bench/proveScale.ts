// Measures the effect of large backlogs, each on its own platform. Ordinary customers send about
// 30 % of the load that the platform sustains, and their latency is measured before and during the
// backlog. The backlog is written with the platform's own statements. Its messages have no rows in
// `messages`, because that table is read only by key, and its size does not affect the result.
import type { Proof, ProofOptions } from './proof.ts'
import { CONDITIONS } from './conditions.ts'
import type { Condition, Seen } from './conditions.ts'
import { ScaleStage } from './scaleStage.ts'
import type { Measurement } from './scaleStage.ts'

/** 30 % of the 11,500 messages per second of the benchmark `life`, see docs/performance.md. */
const MESSAGES_PER_SECOND = 3_500
const WARM_UP_MS = 10_000
const MEASURE_MS_MAX = 30_000

const ANSWER_P50_MS_MAX = 25
const ANSWER_P99_MS_MAX = 100
const RECEIPT_P50_MS_MAX = 100
const RECEIPT_P99_MS_MAX = 500
/** CPU time per message, as a multiple of the CPU time before the backlog. */
const CPU_GROWTH_MAX = 1.25

const BOUNDS: readonly (readonly [keyof Measurement, number])[] = [
  ['answerP50Ms', ANSWER_P50_MS_MAX],
  ['answerP99Ms', ANSWER_P99_MS_MAX],
  ['receiptP50Ms', RECEIPT_P50_MS_MAX],
  ['receiptP99Ms', RECEIPT_P99_MS_MAX],
]

export async function proveScale(options: ProofOptions): Promise<Proof> {
  const { only = '' } = options
  const results: Result[] = []
  for (const condition of CONDITIONS.filter(({ name }) => name.includes(only)))
    results.push(await resultOf(condition, options))
  return {
    held: results.length > 0 && results.every(({ faults }) => faults.length === 0),
    figures: {
      'messages per second': options.rate ?? MESSAGES_PER_SECOND,
      'size factor': options.scale,
      'bound of submit_sm_resp, ms': `p50 ${ANSWER_P50_MS_MAX}, p99 ${ANSWER_P99_MS_MAX}`,
      'bound of submit_sm to receipt, ms': `p50 ${RECEIPT_P50_MS_MAX}, p99 ${RECEIPT_P99_MS_MAX}`,
      'bound of CPU per message, as a multiple of before': CPU_GROWTH_MAX,
      ...Object.fromEntries(results.flatMap(({ figures }) => Object.entries(figures))),
    },
    table: {
      columns: [
        'condition',
        'when',
        'messages',
        'answer p50 ms',
        'p99',
        'receipt p50 ms',
        'p99',
        'CPU us',
        'PostgreSQL us',
      ],
      rows: results.flatMap(({ name, measurements }) =>
        measurements.map((one) => [
          name,
          one.when,
          one.messages,
          tenths(one.answerP50Ms),
          tenths(one.answerP99Ms),
          tenths(one.receiptP50Ms),
          tenths(one.receiptP99Ms),
          Math.round(one.cpuUs),
          Math.round(one.postgresUs),
        ]),
      ),
    },
  }
}

interface Result extends Seen {
  readonly name: string
}

async function resultOf(condition: Condition, options: ProofOptions): Promise<Result> {
  const { minutes, rate = MESSAGES_PER_SECOND, scale } = options
  const { name } = condition
  const onProgress = (what: string) => options.onProgress(`${name}: ${what}`)
  const measureMs = Math.min(MEASURE_MS_MAX, minutes * 60_000)
  onProgress('starts')
  const stage = await ScaleStage.start(rate)
  try {
    await stage.measure('warm-up', WARM_UP_MS)
    const before = await stage.measure('before', measureMs)
    onProgress(`before: ${shown(before)}`)
    const seen = await condition.during(stage, { minutes, scale, measureMs, onProgress })
    for (const one of seen.measurements) onProgress(`${one.when}: ${shown(one)}`)
    const faults = [
      ...seen.faults,
      ...[before, ...seen.measurements].flatMap((one) => excessesOf(one, before)),
      ...stage.reconcile(),
    ]
    const verdict = faults.length === 0 ? 'held' : faults.join('; ')
    onProgress(verdict)
    const own = Object.entries(seen.figures).map(([what, value]) => [`${name}: ${what}`, value])
    return {
      name,
      measurements: [before, ...seen.measurements],
      figures: { ...Object.fromEntries(own), [name]: verdict },
      faults,
    }
  } finally {
    await stage.stop()
  }
}

function excessesOf(one: Measurement, before: Measurement): string[] {
  const tooMuch = BOUNDS.flatMap(([what, max]) => {
    const value = Number(one[what])
    return value > max ? [`${one.when}: ${what} ${tenths(value)}`] : []
  })
  const cpuMax = before.cpuUs * CPU_GROWTH_MAX
  const cpu = one.cpuUs > cpuMax ? [`${one.when}: CPU ${Math.round(one.cpuUs)} us`] : []
  return [...one.faults.map((fault) => `${one.when}: ${fault}`), ...tooMuch, ...cpu]
}

function shown(one: Measurement): string {
  const { answerP50Ms, answerP99Ms, cpuUs, messages, receiptP50Ms, receiptP99Ms } = one
  const pair = (p50: number, p99: number) => `${tenths(p50)}/${tenths(p99)}`
  return (
    `${messages} messages, answered ${pair(answerP50Ms, answerP99Ms)} ms, ` +
    `receipted ${pair(receiptP50Ms, receiptP99Ms)} ms, CPU ${Math.round(cpuUs)} us`
  )
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10
}
