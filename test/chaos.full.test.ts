// Every part is killed in the middle of traffic, and the store is away for a minute. Nothing is
// lost, and binds stay up on both sides unless their own process dies.

import { expect, test, vi } from 'vitest'
import { stopFor, stopWhile } from '../src/lab/stopFor.ts'
import { amidTraffic, type Flow, SESSIONS, WINDOW_SIZE } from './amidTraffic.ts'
import {
  expectCustomerBindsKept,
  expectNothingLost,
  expectRefusedForNow,
  expectResumed,
  expectUpstreamBindsKept,
  PARTS,
  stackFor,
  TRAFFIC,
} from './partsInTrouble.ts'
import type { Stack } from './stack.ts'

const STORE_AWAY_MS = 60_000
const BACK_WITHIN_MS = 60_000
/** Answered while the SMSC holds still: enough to fill the hands of whoever submits to it. */
const BACKLOG = 1000

/** Those whose own end takes the customer's binds with it, and those at an end of upstream's. */
const HOLDS_CUSTOMER_BINDS = new Set(['gateway'])
const HOLDS_UPSTREAM_BINDS = new Set(['workers', 'smsc'])

test.each(PARTS)('kill -9 of %s loses nothing', async (victim) => {
  const stack = await stackFor()
  const before = stack.pids()
  const outcome = await amidTraffic(stack, TRAFFIC, (flow) =>
    victim === 'workers' ? killWithFullHands(stack, flow) : kill(stack, victim),
  )
  expectNothingLost(outcome)
  expectRefusedForNow(outcome)
  expectResumed(outcome, victim)
  // Nobody else was drawn into it.
  const { [victim]: _, ...others } = before
  expect(stack.pids()).toMatchObject(others)
  if (!HOLDS_UPSTREAM_BINDS.has(victim)) expectUpstreamBindsKept(outcome)
  if (HOLDS_CUSTOMER_BINDS.has(victim)) {
    // Only what was under way on its connections.
    expect(outcome.report.unknown.length).toBeLessThanOrEqual(SESSIONS * WINDOW_SIZE)
  } else expectCustomerBindsKept(outcome)
})

test('the store away for 60 s loses nothing and closes no bind', async () => {
  const stack = await stackFor()
  const before = stack.pids()
  const outcome = await amidTraffic(stack, TRAFFIC, () =>
    stopFor(stack.pidOf('postgres'), STORE_AWAY_MS),
  )
  expectNothingLost(outcome)
  expectRefusedForNow(outcome)
  // It was away for longer than a customer is kept waiting.
  expect(outcome.report.answers.get('ESME_RTHROTTLED')).toBeGreaterThan(0)
  expectResumed(outcome, 'postgres')
  expectCustomerBindsKept(outcome)
  expectUpstreamBindsKept(outcome)
  expect(stack.pids()).toEqual(before)
})

/** Resolves when another process has taken its place. */
async function kill(stack: Stack, victim: string): Promise<void> {
  const before = stack.pidOf(victim)
  stack.kill(victim)
  await vi.waitUntil(() => stack.pidOf(victim) !== before, BACK_WITHIN_MS)
}

/** An SMSC that does not answer: submits wait in the window, envelopes wait behind them. */
async function killWithFullHands(stack: Stack, flow: Flow): Promise<void> {
  const wanted = flow.answered() + BACKLOG
  await stopWhile(stack.pidOf('smsc'), async () => {
    await vi.waitUntil(() => flow.answered() >= wanted, BACK_WITHIN_MS)
    await kill(stack, 'workers')
  })
}
