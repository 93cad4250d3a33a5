// Sends one message at a time on an idle platform, and measures the time from submit_sm to its
// response and to its receipt, which the simulated SMSC sends immediately. Each message is sent
// after the receipt of the previous one.
import { Histogram } from '../src/lab/histogram.ts'
import type { BenchOptions } from './benchOptions.ts'
import { figureOf } from './figure.ts'
import type { Figure } from './figure.ts'
import { OneAtATime } from './oneAtATime.ts'
import { cpuBetween, cpuFigures, platformUse } from './platformUse.ts'
import { upstreamStack } from './upstreamStack.ts'

const BENCH = 'latency'
const CONNECTOR = { binds: 2, window: 100, tps: 10_000 }
const AT_ONCE = { minMs: 0, maxMs: 0 }
const WARM_UP_MESSAGES = 20

export async function latency({ seconds, onProgress }: BenchOptions): Promise<Figure[]> {
  const upstream = await upstreamStack({ smsc: { receiptDelay: AT_ONCE }, connector: CONNECTOR })
  const { pids, stop } = upstream
  try {
    const customer = await OneAtATime.connect({ ...upstream.customer, text: 'Alone' })
    for (let n = 0; n < WARM_UP_MESSAGES; n++) await customer.submitAndWait()
    const before = platformUse(pids())
    const accept = new Histogram()
    const receipt = new Histogram()
    const endMs = performance.now() + seconds * 1_000
    while (performance.now() < endMs) {
      const took = await customer.submitAndWait()
      accept.recordMs(took.answeredMs)
      receipt.recordMs(took.receiptedMs)
      const { count } = accept
      onProgress({ sent: count, answered: count, refused: 0, unknown: 0, receipts: count })
    }
    const cpu = cpuBetween(before, platformUse(pids()))
    await customer.close()
    return [
      ...figuresOf('accept', accept),
      ...figuresOf('message to receipt', receipt),
      figureOf(BENCH)('messages', accept.count, 'messages'),
      ...cpuFigures(BENCH, cpu, accept.count),
    ]
  } finally {
    await stop()
  }
}

function figuresOf(what: string, histogram: Histogram): Figure[] {
  const figure = figureOf(BENCH)
  const { p50Ms, p99Ms, maxMs } = histogram.summary()
  return [
    figure(`${what} p50`, p50Ms, 'ms'),
    figure(`${what} p99`, p99Ms, 'ms'),
    figure(`${what} max`, maxMs, 'ms'),
  ]
}
