// The lanes of a connector while no process has a bind to its SMSC. One process is then the
// connector's caretaker (caretaker.ts), which makes sure that waiting messages expire on time.

import { expect, test } from 'vitest'
import { encodeUnanswered } from '../../message/outcomeWire.ts'
import { decodeEnvelope } from '../../queue/envelopeWire.ts'
import type { QueueEntry } from '../../queue/queue.ts'
import { entryOf, envelopeOf, ownsAll, startWork } from './connectorWork.fixture.ts'
import { rememberingSmsc } from './connectorWork.fixture.ts'
import { returningQueues } from './returningQueues.fixture.ts'

const PATIENCE = { timeout: 5_000, interval: 20 }
const HOUR_MS = 3_600_000
/** The envelopes that a lane receives at a very slow pace: one is sent, and fifty stay ready. */
const FULL = 51

/** Envelopes of one message each. The message in the last envelope expires at `expiresAtMs`. */
function entries(count: number, expiresAtMs: number): QueueEntry[] {
  return Array.from({ length: count }, (_, index) => {
    const envelope = envelopeOf(1, 'normal', `316${1000 + index}`)
    const end = index === count - 1 ? expiresAtMs : Date.now() + HOUR_MS
    const messages = envelope.messages.map((one) => ({ ...one, expiresAtMs: end }))
    return entryOf({ ...envelope, messages }, { id: String(index) })
  })
}

test('without a link only the caretaker of the connector receives messages', async () => {
  const { port } = await rememberingSmsc()
  const { counts, held, queue } = returningQueues(entries(3, Date.now() + HOUR_MS))
  let cares = false
  const { work } = startWork(port, { queue, tps: 1000, caresFor: () => cares })
  work.setBinds([])
  await new Promise((resolve) => setImmediate(resolve))
  expect(counts.received).toBe(0)
  cares = true
  work.wake()
  await expect.poll(() => held.size, PATIENCE).toBe(3)
  expect(counts.received).toBe(3)
  cares = false
  work.wake()
  await expect.poll(() => held.size, PATIENCE).toBe(0)
})

test('a message expires on time without a link, and a new link sends the others', async () => {
  const { port, taken } = await rememberingSmsc()
  const expiresAtMs = Date.now() + 1_000
  const { queue } = returningQueues(entries(3, expiresAtMs))
  const { bind, events, work } = startWork(port, { queue, tps: 1000, caresFor: () => true })
  work.setBinds([])
  await expect.poll(() => events.map(({ kind }) => kind), PATIENCE).toEqual(['expired'])
  expect(Date.now() - expiresAtMs).toBeGreaterThanOrEqual(0)
  expect(Date.now() - expiresAtMs).toBeLessThan(500)
  expect(taken).toEqual([])
  work.setBinds([bind])
  await expect.poll(() => taken.length, PATIENCE).toBe(2)
})

test('without a link, a message suspected of breaking links expires on time', async () => {
  const { port } = await rememberingSmsc()
  const expiresAtMs = Date.now() + 1_000
  const { queue } = returningQueues(entries(1, expiresAtMs))
  const claim = { unanswered: encodeUnanswered(new Map([[0, 2]])) }
  const { events, work } = startWork(port, { queue, tps: 1000, claim, caresFor: () => true })
  work.setBinds([])
  await expect.poll(() => events.map(({ kind }) => kind), PATIENCE).toEqual(['expired'])
  expect(Date.now() - expiresAtMs).toBeLessThan(500)
})

test('a message deep in a queue expires on time, though only 16 envelopes are held', async () => {
  const { port } = await rememberingSmsc()
  const all = entries(80, Date.now() + 500)
  const last = decodeEnvelope(all.at(-1)?.payload ?? Buffer.alloc(0)).messages[0]?.messageId
  const { counts, queue } = returningQueues(all)
  const { events, work } = startWork(port, { queue, tps: 1000, caresFor: () => true })
  work.setBinds([])
  const expired = () => events.map(({ kind, message }) => [kind, message.messageId])
  await expect.poll(expired, PATIENCE).toEqual([['expired', last]])
  expect(counts.heldMax).toBe(16)
  // The lane returns at most eight envelopes every 80 ms, which limits the load on the queue.
  expect(counts.returned).toBeGreaterThanOrEqual(64)
  expect(counts.returned).toBeLessThan(200)
})

/** Pauses a slow connector while it has fifty messages ready. */
async function pausedWhenFull(expiresAtMs: number) {
  const { port } = await rememberingSmsc()
  const { counts, queue } = returningQueues(entries(80, expiresAtMs))
  let cares = false
  const working = startWork(port, { queue, tps: 0.1, caresFor: () => cares })
  await expect.poll(() => counts.received, PATIENCE).toBe(FULL)
  // By the next iteration of the event loop, every received envelope has been opened.
  await new Promise((resolve) => setImmediate(resolve))
  cares = true
  working.change({ paused: true })
  const kinds = () => working.events.map(({ kind }) => kind)
  return { change: working.change, kinds }
}

test('messages left on the queue expire when a connector is paused with a full lane', async () => {
  const { kinds } = await pausedWhenFull(Date.now() + 1_000)
  await expect.poll(kinds, PATIENCE).toContain('expired')
})

test('messages left on the queue still expire after a link was up for a short time', async () => {
  const { change, kinds } = await pausedWhenFull(Date.now() + 1_500)
  change({ paused: false })
  const resumedAtMs = performance.now()
  // Without a link, a full lane exchanges envelopes with the queue every 80 ms. After 100 ms, the
  // timer of the next exchange has therefore fired while there was a link.
  await expect.poll(() => performance.now() - resumedAtMs, PATIENCE).toBeGreaterThan(100)
  change({ paused: true })
  await expect.poll(kinds, PATIENCE).toContain('expired')
})

test('envelopes claimed by a caretaker are claimed again before they are submitted', async () => {
  const { port, taken } = await rememberingSmsc()
  const { counts, queue, settled } = returningQueues(entries(3, Date.now() + HOUR_MS))
  const claims: boolean[] = []
  const { bind, work } = startWork(port, {
    queue,
    tps: 1000,
    caresFor: () => true,
    ownership: {
      ...ownsAll(),
      claim: (id, begins) => {
        claims.push(begins)
        return ownsAll().claim(id, begins)
      },
    },
  })
  work.setBinds([])
  await expect.poll(() => claims, PATIENCE).toEqual([false, false, false])
  work.setBinds([bind])
  await expect.poll(() => settled.filter(([, kind]) => kind === 'done').length, PATIENCE).toBe(3)
  expect(claims).toEqual([false, false, false, true, true, true])
  expect(counts.returned).toBe(3)
  expect(taken).toHaveLength(3)
})
