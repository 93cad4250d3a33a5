// Measures the pace of a connector at its SMSC, with real processes on both sides.

import { expect, onTestFinished, test, vi } from 'vitest'
import { changePlatform, ledTo } from '../bench/changePlatform.ts'
import { type UpstreamStack, upstreamStack } from '../bench/upstreamStack.ts'
import { runLoad } from '../src/lab/loadGenerator.ts'
import { readWitness } from '../src/lab/readWitness.ts'

const WINDOW = 50
const BACKLOG = 4_000
/** How long each set of limits applies. */
const EACH_MS = 8_000
/** Components apply a change within a second, and workers renew leases every two seconds. */
const SWITCHED_WITHIN_MS = 4_000
/** A bind may wait for answers before its unbind, but this SMSC answers immediately. */
const UNBOUND_WITHIN_MS = 4_000
const SECOND_MS = 1_000

async function platform(options: Parameters<typeof upstreamStack>[0]): Promise<UpstreamStack> {
  const upstream = await upstreamStack({ ...options, stack: { args: ['--workers', '2'] } })
  onTestFinished(() => upstream.stop())
  return upstream
}

/** Submits messages, which the platform accepts much faster than the connector may send them. */
async function submit({ customer }: UpstreamStack, count: number): Promise<void> {
  const report = await runLoad({ ...customer, sessions: 1, windowSize: 100, count })
  expect(report.answered.size).toBe(count)
}

function acceptedAtMs({ witness }: UpstreamStack): number[] {
  return [...readWitness(witness).accepted.values()].map(({ atMs }) => atMs)
}

test('at the pace of its SMSC a connector is throttled for at most 1 % of messages', async () => {
  const [tps, messages] = [20, 4_000]
  const upstream = await platform({ smsc: { tps }, connector: { binds: 3, window: WINDOW, tps } })
  await submit(upstream, messages)
  const stats = async () => (await upstream.smsc.ask({})).stats
  const all = async () => (await stats()).accepted >= messages
  await vi.waitUntil(all, { timeout: 300_000, interval: 500 })
  const { accepted, bindsMax, throttled } = await stats()
  expect({ accepted, bindsMax }).toEqual({ accepted: messages, bindsMax: 3 })
  expect(throttled).toBeLessThanOrEqual(messages / 100)
  // At the end one of the two workers has no messages left, and its share of the pace is unused.
  const steady = acceptedAtMs(upstream).slice(0, messages * 0.9)
  const tookMs = (steady.at(-1) ?? 0) - (steady[0] ?? 0)
  expect(((steady.length - 1) / tookMs) * SECOND_MS).toBeGreaterThanOrEqual(tps * 0.95)
})

interface Limits {
  readonly binds: number
  readonly tps: number
  /** When the change was made. */
  readonly atMs: number
}

test('pace and bind limits hold while changes move binds between workers', async () => {
  const first = { binds: 4, tps: 80 }
  const steps = [
    { binds: 1, tps: 20 },
    { binds: 3, tps: 50 },
    { binds: 2, tps: 30 },
  ]
  const upstream = await platform({ smsc: {}, connector: { ...first, window: WINDOW } })
  await submit(upstream, BACKLOG)
  const limits: Limits[] = [{ ...first, atMs: 0 }]
  for (const step of steps) {
    await rest(EACH_MS)
    limits.push({ ...step, atMs: Date.now() })
    const connector = { ...step, window: WINDOW, port: upstream.smscPort }
    await changePlatform(upstream.stack.ready.admin, (all) => ledTo(all, connector))
  }
  await rest(EACH_MS)
  const { binds } = await upstream.smsc.ask({})
  const times = acceptedAtMs(upstream)
  expect(times.length, 'the backlog must last to the end').toBeLessThan(BACKLOG)
  for (const [index, atMs] of times.entries()) {
    const inSecond = times.slice(index).filter((other) => other < atMs + SECOND_MS).length
    const most = inForce(limits, atMs, SWITCHED_WITHIN_MS).map(({ tps }) => tps)
    expect(inSecond, `after ${atMs}`).toBeLessThanOrEqual(Math.max(...most))
  }
  for (const { atMs, open } of binds) {
    const within = SWITCHED_WITHIN_MS + UNBOUND_WITHIN_MS
    const most = inForce(limits, atMs, within).map((one) => one.binds)
    expect(open, `binds at ${atMs}`).toBeLessThanOrEqual(Math.max(...most))
  }
})

/**
 * The limits that may apply in the second after `atMs`: the current ones, and earlier ones that
 * workers may still use for `withinMs` after they were replaced.
 */
function inForce(limits: readonly Limits[], atMs: number, withinMs: number): Limits[] {
  return limits.filter((one, index) => {
    const untilMs = (limits[index + 1]?.atMs ?? Number.POSITIVE_INFINITY) + withinMs
    return one.atMs <= atMs + SECOND_MS && atMs < untilMs
  })
}

async function rest(ms: number): Promise<void> {
  const untilMs = Date.now() + ms
  await vi.waitUntil(() => Date.now() >= untilMs, { timeout: ms + 5_000, interval: 100 })
}
