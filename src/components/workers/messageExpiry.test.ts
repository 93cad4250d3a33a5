// No message is submitted after it has expired, wherever it waited.

import { expect, test } from 'vitest'
import type { EnvelopeMessage } from '../../message/messageWire.ts'
import { type Envelope } from '../../queue/envelopeWire.ts'
import { encodeBody, ESME_ROK, ESME_RSYSERR, writeRelativeTime } from '../../smpp/index.ts'
import { entryOf, envelopeOf, memoryQueues, startWork } from './connectorWork.fixture.ts'
import { rememberingSmsc } from './connectorWork.fixture.ts'
import { startSmsc } from './smsc.fixture.ts'

const PATIENCE = { timeout: 5_000 }
const [FIRST, SECOND] = ['31612341000', '31612341001']

/** Like envelopeOf, but with these fields in the messages. */
function envelopeWith(fields: readonly Partial<EnvelopeMessage>[]): Envelope {
  const envelope = envelopeOf(fields.length)
  const messages = envelope.messages.map((one, index) => ({ ...one, ...fields[index] }))
  return { ...envelope, messages }
}

test('a message received after expiry is not sent, and the next message is sent', async () => {
  const { port, taken } = await rememberingSmsc()
  const { add, queue, settled } = memoryQueues([])
  const { bind, events, work } = startWork(port, { queue, tps: 1000 })
  // Once the bind is up, a message is written in the event loop iteration in which it is received.
  await expect.poll(() => bind.bound && work.pace > 0, PATIENCE).toBe(true)
  const nowMs = Date.now()
  const envelope = envelopeWith([{ expiresAtMs: nowMs - 1 }, { expiresAtMs: nowMs + 60_000 }])
  add(entryOf(envelope))
  await expect.poll(() => settled, PATIENCE).toEqual([['1', 'done']])
  expect(taken.map(({ destination }) => destination)).toEqual([SECOND])
  const [over] = envelope.messages
  expect(events).toContainEqual(expect.objectContaining({ kind: 'expired', message: over }))
  expect(work.figures.outcomes).toMatchObject({ expired: 1, submitted: 1 })
})

test('a message that waits for the pace expires on time, not when its turn comes', async () => {
  const { port, taken } = await rememberingSmsc()
  const expiresAtMs = Date.now() + 1_500
  const envelope = envelopeWith([{}, { expiresAtMs }, {}])
  const { queue } = memoryQueues([entryOf(envelope)])
  // At this pace, the second message would be sent ten seconds after the first.
  const { events } = startWork(port, { queue, tps: 0.1 })
  const expired = () => events.find(({ kind }) => kind === 'expired')
  await expect.poll(expired, { ...PATIENCE, interval: 20 }).toBeDefined()
  expect(Date.now() - expiresAtMs).toBeLessThan(500)
  expect(expired()).toMatchObject({ message: { expiresAtMs } })
  expect(taken.length).toBeLessThanOrEqual(1)
})

test('a message whose answer was lost with the link is not resubmitted after expiry', async () => {
  const taken: string[] = []
  const { port, sessions } = await startSmsc((_, pdu) => void taken.push(pdu.destination_addr))
  const expiresAtMs = Date.now() + 1_500
  const { queue } = memoryQueues([entryOf(envelopeWith([{ expiresAtMs }]))])
  const { events, work } = startWork(port, { queue, tps: 1000 })
  await expect.poll(() => taken, PATIENCE).toEqual([FIRST])
  await expect.poll(() => Date.now(), PATIENCE).toBeGreaterThan(expiresAtMs)
  for (const session of sessions) session.close('test')
  await expect.poll(() => events.map(({ kind }) => kind), PATIENCE).toEqual(['expired'])
  expect(taken).toEqual([FIRST])
  expect(work.figures.outcomes.expired).toBe(1)
  expect(work.figures.resubmitted).toMatchObject({ link_lost: 0, no_answer: 0 })
})

test('the next attempt of a message is due no later than its expiry', async () => {
  const { port } = await rememberingSmsc(() => ESME_RSYSERR)
  const expiresAtMs = Date.now() + 10_000
  // After eight attempts, the ninth attempt would otherwise be due minutes later.
  const envelope = envelopeWith([{ attempts: 8, expiresAtMs }, { attempts: 8 }])
  const { queue, settled } = memoryQueues([entryOf(envelope)])
  const { events } = startWork(port, { queue, tps: 1000 })
  await expect.poll(() => settled, PATIENCE).toEqual([['1', 'done']])
  const [bounded, unbounded] = events.map((event) => event.kind === 'deferred' && event.dueAtMs)
  expect(bounded).toBe(expiresAtMs)
  expect(unbounded).toBeGreaterThan(expiresAtMs)
})

test('a message expires immediately if its attempt is refused after its expiry time', async () => {
  let answer: (() => void) | undefined
  const { port } = await startSmsc((session, pdu) => {
    answer = () => session.respond(pdu, ESME_RSYSERR)
  })
  const { add, queue } = memoryQueues([])
  const { bind, events, work } = startWork(port, { queue, tps: 1000 })
  await expect.poll(() => bind.bound && work.pace > 0, PATIENCE).toBe(true)
  const expiresAtMs = Date.now() + 500
  add(entryOf(envelopeWith([{ expiresAtMs }])))
  await expect.poll(() => answer, PATIENCE).toBeDefined()
  await expect.poll(() => Date.now(), PATIENCE).toBeGreaterThan(expiresAtMs)
  answer?.()
  await expect.poll(() => events.map(({ kind }) => kind), PATIENCE).toEqual(['expired'])
  expect(work.figures.outcomes.deferred).toBe(0)
})

test('a message expires if its last attempt ends after expiry by the database clock', async () => {
  const { port } = await rememberingSmsc(() => ESME_RSYSERR)
  const expiresAtMs = Date.now() + 3_000
  // Both messages have one of 20 attempts left. By the database's clock, which is five seconds
  // ahead of this machine's clock, the first message has expired. By this machine's clock, it may
  // be sent.
  const envelope = envelopeWith([{ attempts: 19, expiresAtMs }, { attempts: 19 }])
  const { add, queue, settled } = memoryQueues([])
  const { clock, events } = startWork(port, { queue, tps: 1000 })
  const askedAtMs = performance.now()
  clock.follow(Date.now() + 5_000, askedAtMs, askedAtMs)
  add(entryOf(envelope))
  await expect.poll(() => settled, PATIENCE).toEqual([['1', 'done']])
  const kinds = envelope.messages.map(
    ({ messageId }) => events.find(({ message }) => message.messageId === messageId)?.kind,
  )
  expect(kinds).toEqual(['expired', 'failed'])
})

test('the validity_period sent upstream is shortened by the time spent waiting', async () => {
  const { port, taken } = await rememberingSmsc(() => ESME_ROK)
  const acceptedAtMs = Date.now() - 600_000
  const body = (destination_addr: string, validity_period: string) =>
    encodeBody('submit_sm', { destination_addr, validity_period })
  const envelope = envelopeWith([
    { acceptedAtMs, body: body(FIRST, writeRelativeTime(3_600)) },
    { acceptedAtMs, body: body(SECOND, '') },
    // This message has no expiresAtMs, as if an older router had sent it. The worker reads the
    // expiry from the body.
    { acceptedAtMs, body: body('31612341002', writeRelativeTime(590)) },
  ])
  const { queue, settled } = memoryQueues([entryOf(envelope)])
  const { work } = startWork(port, { queue, tps: 1000 })
  await expect.poll(() => settled, PATIENCE).toEqual([['1', 'done']])
  expect(taken.map(({ destination }) => destination)).toEqual([FIRST, SECOND])
  expect(taken.map(({ validityPeriod }) => validityPeriod.slice(0, 10))).toEqual(['0000000049', ''])
  expect(work.figures.outcomes.expired).toBe(1)
})
