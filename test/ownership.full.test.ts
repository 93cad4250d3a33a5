// Stops one of two workers for longer than the lease on its envelopes, while the SMSC takes a
// second for each answer. The other worker takes the envelopes over. When the first worker
// continues, it must notice that it no longer owns them.

import { expect, onTestFinished, test, vi } from 'vitest'
import { changePlatform } from '../bench/changePlatform.ts'
import { stopFor } from '../src/lab/stopFor.ts'
import type { Session } from '../src/smpp/index.ts'
import type { Taken } from './scriptedSmsc.ts'
import { ScriptedPlatform } from './scriptedPlatform.ts'

const QUEUE_LEASE_MS = 8_000
const STOPPED_MS = 2 * QUEUE_LEASE_MS
const ANSWER_MS = 1_000
const MESSAGES = 1_000
const AT_ONCE = 50
const TPS = 100
/**
 * Messages that each worker has submitted before one of them is stopped: more than in one second.
 */
const BUSY = 80
/** How long an answer may wait for a checkpoint, which makes it durable. */
const UNWRITTEN_MS = 1_500
const PATIENCE_MS = 90_000

test('a worker stopped for twice the lease sends no message that another took over', async () => {
  const platform = await ScriptedPlatform.start({
    args: ['--workers', '2'],
    env: { SIGNALBOX_QUEUE_LEASE_MS: String(QUEUE_LEASE_MS) },
  })
  onTestFinished(() => platform.stop())
  const { customer, smsc, stack } = platform
  const takenAtMs = new Map<Taken, number>()
  smsc.script = (taken, place) => {
    takenAtMs.set(taken, performance.now())
    setTimeout(() => taken.answer(`UP-${place}`), ANSWER_MS)
  }
  await vi.waitUntil(() => smsc.bindsOf('north').length === 2, PATIENCE_MS)
  // At this pace neither worker takes all the messages.
  await changePlatform(stack.ready.admin, (resources) => ({
    ...resources,
    connectors: resources.connectors.map((connector) => ({ ...connector, tps: TPS })),
  }))
  const destinations = Array.from(
    { length: MESSAGES },
    (_, n) => `3169${String(n).padStart(7, '0')}`,
  )
  const messageIds: string[] = []
  // Several envelopes, so that each worker gets some.
  for (let from = 0; from < MESSAGES; from += AT_ONCE) {
    const some = destinations.slice(from, from + AT_ONCE)
    messageIds.push(...(await Promise.all(some.map((one) => customer.submit(one)))))
  }

  const takenOver = (session: Session) => smsc.taken.filter((one) => one.session === session)
  // Both workers are processing messages and have received some answers.
  await vi.waitUntil(
    () => smsc.bindsOf('north').every((bind) => takenOver(bind).length > BUSY),
    PATIENCE_MS,
  )
  const stoppedAtMs = performance.now()
  await stopFor(stack.pidOf('workers'), STOPPED_MS)
  await vi.waitUntil(() => destinations.every((one) => smsc.takenFor(one).length > 0), {
    timeout: PATIENCE_MS,
    interval: 200,
  })
  await platform.untilSettled()

  const stopped = stoppedSession(smsc.bindsOf('north'), smsc.taken, takenAtMs, stoppedAtMs)
  for (const destination of destinations) {
    const [first, ...again] = smsc.takenFor(destination)
    expect(again.length, `${destination} was submitted more than twice`).toBeLessThanOrEqual(1)
    if (!first || again.length === 0) continue
    expect(first.session).toBe(stopped)
    expect(again[0]?.session).not.toBe(stopped)
    expect(takenAtMs.get(first)).toBeGreaterThan(stoppedAtMs - ANSWER_MS - UNWRITTEN_MS)
    expect(takenAtMs.get(first)).toBeLessThan(stoppedAtMs + UNWRITTEN_MS)
  }
  const twice = destinations.filter((one) => smsc.takenFor(one).length === 2)
  expect(twice.length).toBeGreaterThan(0)
  const name = 'workers_resubmitted_messages_total'
  const labels = 'connector="north",cause="taken_over"'
  const counted = await platform.metric('workers-2', name, labels)
  expect(counted).toBeGreaterThanOrEqual(twice.length)
  for (const messageId of messageIds) {
    const { state } = await platform.trace(messageId)
    expect(state, messageId).toBe('ENROUTE')
  }
})

/** The bind of the worker that submitted nothing while it was stopped. */
function stoppedSession(
  binds: readonly Session[],
  taken: readonly Taken[],
  takenAtMs: ReadonlyMap<Taken, number>,
  stoppedAtMs: number,
): Session | undefined {
  const isMeanwhile = (one: Taken): boolean => {
    const atMs = takenAtMs.get(one) ?? 0
    return atMs > stoppedAtMs + UNWRITTEN_MS && atMs < stoppedAtMs + STOPPED_MS
  }
  const active = new Set(taken.filter(isMeanwhile).map(({ session }) => session))
  return binds.find((bind) => !active.has(bind))
}
