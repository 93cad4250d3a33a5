// Every part killed, and every part stopped for a while, in the middle of traffic. Nothing that
// was answered ESME_ROK is lost, binds stay up where their own process lives, traffic resumes by
// itself.

import { expect, onTestFinished, test } from 'vitest'
import { amidTraffic, type Outcome } from './amidTraffic.ts'
import { type Stack, startStack } from './stack.ts'
import { stopFor } from '../src/lab/stopFor.ts'

const TRAFFIC = { messages: 5000, messagesPerSecond: 500, receiptsWithinMs: 180_000 }
const STOP_MS = 20_000
const STORE_AWAY_MS = 60_000
/** Those whose own end takes the customer's binds with it. */
const HOLDS_CUSTOMER_BINDS = new Set(['gateway'])

async function stackFor(): Promise<Stack> {
  const stack = await startStack({})
  onTestFinished(async () => void (await stack.stop()))
  return stack
}

function expectNothingLost({ ends, report }: Outcome): void {
  expect(ends.lost).toEqual([])
  expect(ends.withoutReceipt).toEqual([])
  expect(report.repeatedIds).toEqual([])
  const ended = report.answered.size + report.unknown.length
  expect(ended + [...report.refused.values()].flat().length).toBe(TRAFFIC.messages)
}

test.each(['router', 'workers', 'dlr', 'gateway', 'postgres', 'smsc'])(
  'kill -9 of %s loses nothing',
  async (victim) => {
    const stack = await stackFor()
    const before = stack.pids()
    const outcome = await amidTraffic(stack, TRAFFIC, () => stack.kill(victim))
    expectNothingLost(outcome)
    // Nobody else was drawn into it.
    const { [victim]: _, ...others } = before
    expect(stack.pids()).toMatchObject(others)
    if (HOLDS_CUSTOMER_BINDS.has(victim)) return
    expect(outcome.report.reconnects).toBe(0)
    expect(outcome.report.unknown).toEqual([])
  },
)

test.each(['router', 'workers', 'dlr', 'gateway', 'postgres', 'smsc'])(
  'SIGSTOP of %s for 20 s loses nothing',
  async (victim) => {
    const stack = await stackFor()
    const outcome = await amidTraffic(stack, TRAFFIC, () => stopFor(stack.pidOf(victim), STOP_MS))
    expectNothingLost(outcome)
    expect(outcome.report.reconnects).toBe(0)
  },
)

test('the store away for 60 s loses nothing and closes no bind', async () => {
  const stack = await stackFor()
  const outcome = await amidTraffic(stack, TRAFFIC, () =>
    stopFor(stack.pidOf('postgres'), STORE_AWAY_MS),
  )
  expectNothingLost(outcome)
  expect(outcome.report.reconnects).toBe(0)
})
