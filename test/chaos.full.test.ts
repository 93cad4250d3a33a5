// Kills each process in the middle of traffic, and stops the database for a minute. No message is
// lost, and binds on both sides stay up unless the process that holds them is killed.

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
/** Messages answered while the SMSC is stopped: enough for the workers to hold many envelopes. */
const BACKLOG = 1000

/** Killing one of these processes closes the binds of customers. */
const HOLDS_CUSTOMER_BINDS = new Set(['gateway'])
/** Killing one of these processes closes binds to the SMSC. */
const HOLDS_UPSTREAM_BINDS = new Set(['workers', 'smsc'])

test.each(PARTS)('kill -9 of %s loses no message', async (victim) => {
  const stack = await stackFor()
  const before = stack.pids()
  const outcome = await amidTraffic(stack, TRAFFIC, (flow) =>
    victim === 'workers' ? killWithFullHands(stack, flow) : kill(stack, victim),
  )
  expectNothingLost(outcome)
  expectRefusedForNow(outcome)
  expectResumed(outcome, victim)
  // No other process was restarted.
  const { [victim]: _, ...others } = before
  expect(stack.pids()).toMatchObject(others)
  if (!HOLDS_UPSTREAM_BINDS.has(victim)) expectUpstreamBindsKept(outcome)
  if (HOLDS_CUSTOMER_BINDS.has(victim)) {
    // Only the requests in flight on the connections of the gateway may have no answer.
    expect(outcome.report.unknown.length).toBeLessThanOrEqual(SESSIONS * WINDOW_SIZE)
  } else expectCustomerBindsKept(outcome)
})

test('stopping the database for 60 s loses no message and closes no bind', async () => {
  const stack = await stackFor()
  const before = stack.pids()
  const outcome = await amidTraffic(stack, TRAFFIC, () =>
    stopFor(stack.pidOf('postgres'), STORE_AWAY_MS),
  )
  expectNothingLost(outcome)
  expectRefusedForNow(outcome)
  // The database was stopped for longer than a customer waits for an answer.
  expect(outcome.report.answers.get('ESME_RTHROTTLED')).toBeGreaterThan(0)
  expectResumed(outcome, 'postgres')
  expectCustomerBindsKept(outcome)
  expectUpstreamBindsKept(outcome)
  expect(stack.pids()).toEqual(before)
})

/** Kills a process and resolves when its successor has started. */
async function kill(stack: Stack, victim: string): Promise<void> {
  const before = stack.pidOf(victim)
  stack.kill(victim)
  await vi.waitUntil(() => stack.pidOf(victim) !== before, BACK_WITHIN_MS)
}

/**
 * Kills the workers while the SMSC is stopped, so that requests wait in the window and envelopes
 * wait behind them.
 */
async function killWithFullHands(stack: Stack, flow: Flow): Promise<void> {
  const wanted = flow.answered() + BACKLOG
  await stopWhile(stack.pidOf('smsc'), async () => {
    await vi.waitUntil(() => flow.answered() >= wanted, BACK_WITHIN_MS)
    await kill(stack, 'workers')
  })
}
