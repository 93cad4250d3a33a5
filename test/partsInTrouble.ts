// Expectations for a platform of which one process was killed or stopped in the middle of traffic.
// No message that was answered with ESME_ROK is lost, refused messages may be tried again, and
// traffic resumes without intervention.

import { expect, onTestFinished } from 'vitest'
import type { Outcome } from './amidTraffic.ts'
import { type Stack, startStack } from './stack.ts'

export const TRAFFIC = { messages: 5000, messagesPerSecond: 500, receiptsWithinMs: 180_000 }

export const PARTS = ['router', 'workers', 'dlr', 'gateway', 'postgres', 'smsc']
/** Customers see an internal error as throttling. No backlog is full in these tests. */
const MAY_ANSWER = new Set(['ESME_ROK', 'ESME_RTHROTTLED'])
/**
 * Messages are answered only while these processes run, so answers after the restart prove that the
 * process works again.
 */
const ANSWERS = new Set(['gateway', 'router', 'postgres'])

export async function stackFor(): Promise<Stack> {
  const stack = await startStack({})
  onTestFinished(async () => void (await stack.stop()))
  return stack
}

export function expectNothingLost({ ends, report }: Outcome): void {
  expect(ends.lost, 'answered ESME_ROK and lost').toEqual([])
  expect(ends.withoutReceipt, 'without receipt').toEqual([])
  expect(report.repeatedIds).toEqual([])
}

export function expectRefusedForNow({ report }: Outcome): void {
  const others = [...report.answers.keys()].filter((name) => !MAY_ANSWER.has(name))
  expect(others, 'another command_status').toEqual([])
  // The customer sent every throttled message again until it was accepted.
  expect([...report.refused.keys()]).toEqual([])
  expect(report.answered.size + report.unknown.length).toBe(TRAFFIC.messages)
}

/**
 * Expects receipts after the disturbance. If no message is answered without the victim, also
 * expects answers. The bounds are far above what the last second before the disturbance could have
 * left over.
 */
export function expectResumed({ report, actedUntilMs }: Outcome, victim: string): void {
  const secondBack = Math.floor((actedUntilMs - report.firstSentAtMs) / 1_000)
  const since = (perSecond: readonly number[]) =>
    perSecond.slice(secondBack).reduce((sum, count) => sum + count, 0)
  expect(since(report.receiptsPerSecond)).toBeGreaterThan(TRAFFIC.messages / 4)
  if (ANSWERS.has(victim))
    expect(since(report.answeredPerSecond)).toBeGreaterThan(TRAFFIC.messages / 4)
}

export function expectCustomerBindsKept({ report }: Outcome): void {
  expect(report.reconnects).toBe(0)
  expect(report.unknown).toEqual([])
}

export function expectUpstreamBindsKept({ upstreamBinds, actedFromMs }: Outcome): void {
  const before = upstreamBinds.filter(({ openedAtMs }) => openedAtMs < actedFromMs)
  expect(before.filter(({ end }) => end === undefined)).not.toEqual([])
  expect(upstreamBinds.filter(({ end }) => end !== undefined)).toEqual([])
  expect(upstreamBinds.length).toBe(before.length)
}
