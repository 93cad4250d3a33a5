// What the lanes of a connector do while no process has it bound.

import { expect, test } from 'vitest'
import { encodeUnanswered } from '../../message/outcomeWire.ts'
import { decodeEnvelope } from '../../queue/envelopeWire.ts'
import type { QueueEntry } from '../../queue/queue.ts'
import { entryOf, envelopeOf, memoryQueues, ownsAll, startWork } from './connectorWork.fixture.ts'
import { rememberingSmsc } from './connectorWork.fixture.ts'

const PATIENCE = { timeout: 5_000, interval: 20 }
const HOUR_MS = 3_600_000

/** One message each; `expiresAtMs` is that of the message in the last envelope. */
function entries(count: number, expiresAtMs: number): QueueEntry[] {
  return Array.from({ length: count }, (_, index) => {
    const envelope = envelopeOf(1, 'normal', `316${1000 + index}`)
    const end = index === count - 1 ? expiresAtMs : Date.now() + HOUR_MS
    const messages = envelope.messages.map((one) => ({ ...one, expiresAtMs: end }))
    return entryOf({ ...envelope, messages }, { id: String(index) })
  })
}

/** Queues that give an envelope out again when the delay with which it went back is over. */
function returningQueues(all: QueueEntry[]) {
  const { queue, settled } = memoryQueues(all)
  const returns: { entry: QueueEntry; visibleAtMs: number }[] = []
  const held = new Set<string>()
  const counts = { heldMax: 0, received: 0, returned: 0 }
  const { receive, settle } = queue
  queue.receive = async (...claim) => {
    const nowMs = performance.now()
    for (const one of returns.filter(({ visibleAtMs }) => visibleAtMs <= nowMs)) {
      returns.splice(returns.indexOf(one), 1)
      all.push(one.entry)
    }
    const received = await receive(...claim)
    for (const { id } of received) held.add(id)
    counts.received += received.length
    counts.heldMax = Math.max(counts.heldMax, held.size)
    return received
  }
  queue.settle = async (some) => {
    await settle(some)
    for (const { entry, settlement } of some) {
      held.delete(entry.id)
      if (settlement.kind !== 'retry') continue
      counts.returned++
      returns.push({ entry, visibleAtMs: performance.now() + settlement.delayMs })
    }
  }
  return { counts, held, queue, settled }
}

test('without a link nothing is received unless this process cares for it', async () => {
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

test('a message expires at its end without a link, and the others go when it is up', async () => {
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

test('a message that may be what breaks the link expires in time too', async () => {
  const { port } = await rememberingSmsc()
  const expiresAtMs = Date.now() + 1_000
  const { queue } = returningQueues(entries(1, expiresAtMs))
  const claim = { unanswered: encodeUnanswered(new Map([[0, 2]])) }
  const { events, work } = startWork(port, { queue, tps: 1000, claim, caresFor: () => true })
  work.setBinds([])
  await expect.poll(() => events.map(({ kind }) => kind), PATIENCE).toEqual(['expired'])
  expect(Date.now() - expiresAtMs).toBeLessThan(500)
})

test('a message deep in a queue expires in time, though only 16 envelopes are held', async () => {
  const { port } = await rememberingSmsc()
  const all = entries(80, Date.now() + 500)
  const last = decodeEnvelope(all.at(-1)?.payload ?? Buffer.alloc(0)).messages[0]?.messageId
  const { counts, queue } = returningQueues(all)
  const { events, work } = startWork(port, { queue, tps: 1000, caresFor: () => true })
  work.setBinds([])
  const expired = () => events.map(({ kind, message }) => [kind, message.messageId])
  await expect.poll(expired, PATIENCE).toEqual([['expired', last]])
  expect(counts.heldMax).toBe(16)
  // Eight in 80 ms, so that the queue is not driven harder by a carrier that is down.
  expect(counts.returned).toBeGreaterThanOrEqual(64)
  expect(counts.returned).toBeLessThan(200)
})

test('what was only looked after is claimed anew before it is submitted', async () => {
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
