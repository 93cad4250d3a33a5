// Sends `kill -9` in the middle of traffic. Every message answered with ESME_ROK is submitted and
// gets its receipt. chaos.full.test.ts kills the other processes, and stopped.full.test.ts stops
// them.

import { expect, onTestFinished, test } from 'vitest'
import { amidTraffic } from './amidTraffic.ts'
import { type Stack, startStack } from './stack.ts'

/** Slow enough that the kill happens in the middle of the traffic. */
const TRAFFIC = { messages: 2000, messagesPerSecond: 500, receiptsWithinMs: 60_000 }

test.each(['router', 'postgres'])(
  'kill -9 of %s in the middle of traffic loses no accepted message',
  async (victim) => {
    const stack = await startStack({})
    onTestFinished(async () => void (await stack.stop()))
    const before = stack.pids()
    const { ends, report } = await amidTraffic(stack, TRAFFIC, () => stack.kill(victim))
    const restarted = changed(before, stack.pids())
    expect(restarted).toEqual([victim])
    expect(ends.lost, 'answered ESME_ROK and lost').toEqual([])
    expect(ends.withoutReceipt, 'without receipt').toEqual([])
    // The customer's binds stay open, and every message gets an answer.
    expect(report.reconnects).toBe(0)
    expect(report.unknown).toEqual([])
    expect(report.answered.size).toBe(TRAFFIC.messages)
    expect(report.repeatedIds).toEqual([])
  },
)

function changed(before: Stack['ready']['pids'], after: Stack['ready']['pids']): string[] {
  return Object.keys(before).filter((name) => before[name] !== after[name])
}
