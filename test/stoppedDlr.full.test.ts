// Stops one of two dlr-processors at any point of its work while messages flow. The customer gets
// receipts again within 30 s, and in the end one for each message.

import { expect, onTestFinished, test } from 'vitest'
import { stopFor } from '../src/lab/stopFor.ts'
import { amidTraffic } from './amidTraffic.ts'
import { startStack } from './stack.ts'

const PER_SECOND = 200
/** A quarter of the messages is sent before the stop, and the rest takes longer than the stop. */
const TRAFFIC = { messages: 16_000, messagesPerSecond: PER_SECOND, receiptsWithinMs: 120_000 }
const RESUMED_WITHIN_MS = 30_000
/** Below the 45 s after which the supervisor would kill and replace the process. */
const STOP_MS = 40_000

test.each(['dlr', 'dlr-2'])(
  'receipts resume within 30 s while %s is stopped for 40 s',
  async (name) => {
    const stack = await startStack({ processes: { dlr: 2 } })
    onTestFinished(async () => void (await stack.stop()))
    const before = stack.pids()
    const { actedFromMs, actedUntilMs, ends, report } = await amidTraffic(stack, TRAFFIC, () =>
      stopFor(stack.pidOf(name), STOP_MS),
    )
    expect(stack.pids()).toEqual(before)
    const silences = report.receiptSilences
      .filter(({ fromMs, toMs }) => toMs > actedFromMs && fromMs < actedUntilMs)
      .map(({ fromMs, toMs }) => toMs - Math.max(fromMs, actedFromMs))
    expect(Math.max(0, ...silences), 'longest silence, ms').toBeLessThan(RESUMED_WITHIN_MS)
    const second = (atMs: number) => Math.floor((atMs - report.firstSentAtMs) / 1_000)
    const resumed = report.receiptsPerSecond.slice(
      second(actedFromMs + RESUMED_WITHIN_MS),
      second(actedUntilMs),
    )
    // By then new messages get their receipts at the rate at which they are sent.
    const receipts = resumed.reduce((sum, count) => sum + count, 0)
    expect(receipts).toBeGreaterThan((resumed.length * PER_SECOND) / 2)
    expect(resumed.length).toBeGreaterThan(5)
    expect(ends.lost, 'answered ESME_ROK and lost').toEqual([])
    expect(ends.withoutReceipt, 'without receipt').toEqual([])
    expect(report.reconnects).toBe(0)
  },
)
