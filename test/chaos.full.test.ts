// Every part killed, and every part stopped for a while, in the middle of traffic. Nothing that
// was answered ESME_ROK is lost, binds stay up on both sides where their own process lives, who is
// refused is told to try again, and traffic resumes by itself.

import { expect, onTestFinished, test, vi } from 'vitest'
import { stopFor, stopWhile } from '../src/lab/stopFor.ts'
import { amidTraffic, type Flow, type Outcome, SESSIONS, WINDOW_SIZE } from './amidTraffic.ts'
import { type Stack, startStack } from './stack.ts'

const TRAFFIC = { messages: 5000, messagesPerSecond: 500, receiptsWithinMs: 180_000 }
const STOP_MS = 20_000
const STORE_AWAY_MS = 60_000
const BACK_WITHIN_MS = 60_000
/** Answered while the SMSC holds still: enough to fill the hands of whoever submits to it. */
const BACKLOG = 1000

const PARTS = ['router', 'workers', 'dlr', 'gateway', 'postgres', 'smsc']
/** Those whose own end takes the customer's binds with it, and those at an end of upstream's. */
const HOLDS_CUSTOMER_BINDS = new Set(['gateway'])
const HOLDS_UPSTREAM_BINDS = new Set(['workers', 'smsc'])
/** An internal error is throttling to a customer; no backlog is full here. */
const MAY_ANSWER = new Set(['ESME_ROK', 'ESME_RTHROTTLED'])
/** Without them nothing is answered, so what is answered after their return proves it. */
const ANSWERS = new Set(['gateway', 'router', 'postgres'])

async function stackFor(): Promise<Stack> {
  const stack = await startStack({})
  onTestFinished(async () => void (await stack.stop()))
  return stack
}

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

test.each(PARTS)('SIGSTOP of %s for 20 s loses nothing', async (victim) => {
  const stack = await stackFor()
  const before = stack.pids()
  const outcome = await amidTraffic(stack, TRAFFIC, () => stopFor(stack.pidOf(victim), STOP_MS))
  expectNothingLost(outcome)
  expectRefusedForNow(outcome)
  expectResumed(outcome, victim)
  expectCustomerBindsKept(outcome)
  expectUpstreamBindsKept(outcome)
  expect(stack.pids()).toEqual(before)
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

function expectNothingLost({ ends, report }: Outcome): void {
  expect(ends.lost, 'answered ESME_ROK and lost').toEqual([])
  expect(ends.withoutReceipt, 'without receipt').toEqual([])
  expect(report.repeatedIds).toEqual([])
}

function expectRefusedForNow({ report }: Outcome): void {
  const others = [...report.answers.keys()].filter((name) => !MAY_ANSWER.has(name))
  expect(others, 'another command_status').toEqual([])
  // All of it was tried again until it was taken.
  expect([...report.refused.keys()]).toEqual([])
  expect(report.answered.size + report.unknown.length).toBe(TRAFFIC.messages)
}

/**
 * Nothing of what is counted passes the victim while it is away; what a second of traffic brings
 * before that is far below the bound.
 */
function expectResumed({ report, actedUntilMs }: Outcome, victim: string): void {
  const secondBack = Math.floor((actedUntilMs - report.firstSentAtMs) / 1_000)
  const since = (perSecond: readonly number[]) =>
    perSecond.slice(secondBack).reduce((sum, count) => sum + count, 0)
  expect(since(report.receiptsPerSecond)).toBeGreaterThan(TRAFFIC.messages / 4)
  if (ANSWERS.has(victim))
    expect(since(report.answeredPerSecond)).toBeGreaterThan(TRAFFIC.messages / 4)
}

function expectCustomerBindsKept({ report }: Outcome): void {
  expect(report.reconnects).toBe(0)
  expect(report.unknown).toEqual([])
}

function expectUpstreamBindsKept({ upstreamBinds, actedFromMs }: Outcome): void {
  const before = upstreamBinds.filter(({ openedAtMs }) => openedAtMs < actedFromMs)
  expect(before.filter(({ end }) => end === undefined)).not.toEqual([])
  expect(upstreamBinds.filter(({ end }) => end !== undefined)).toEqual([])
  expect(upstreamBinds.length).toBe(before.length)
}
