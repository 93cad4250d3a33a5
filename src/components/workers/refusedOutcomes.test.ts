// The outcome writer's handling of values that the database permanently refuses.

import { expect, test } from 'vitest'
import { QueryRefused } from '../../database/database.ts'
import type { Checkpoint } from '../../message/checkpointTable.ts'
import { newMessageId, upstreamId } from '../../message/ids.ts'
import type { EnvelopeMessage } from '../../message/messageWire.ts'
import { decodeOutcomes, type Outcome } from '../../message/outcomeWire.ts'
import type { LaterEntry } from '../../message/waitingMessageTable.ts'
import { decodeEnvelope, type Envelope } from '../../queue/envelopeWire.ts'
import { decodeJournal } from '../../queue/journalEntryWire.ts'
import type { Publication } from '../../queue/queue.ts'
import { UNTOUCHED } from './connectorWork.fixture.ts'
import { EnvelopeWork } from './envelopeWork.ts'
import { OutcomeWriter } from './outcomeWriter.ts'

const submitted: Outcome = { kind: 'submitted', atMs: 5, upstreamId: upstreamId('77') }
const deferred: Outcome = { kind: 'deferred', atMs: 7, commandStatus: 0x58, dueAtMs: 99 }

function envelopeOf(count: number): Envelope {
  const messages = Array.from({ length: count }, (): EnvelopeMessage => ({
    messageId: newMessageId(),
    account: 'demo',
    user: 'demo',
    acceptedAtMs: 1,
    attempts: 3,
    body: Buffer.from('body'),
    registeredDelivery: 1,
  }))
  return { envelopeId: newMessageId(), connector: 'sim', lane: 'normal', messages }
}

function worksOf(count: number, messages: number): EnvelopeWork[] {
  return Array.from({ length: count }, () => new EnvelopeWork(envelopeOf(messages), UNTOUCHED))
}

function messageIdIn(work: EnvelopeWork | undefined, index: number): string {
  return work?.envelope.messages[index]?.messageId ?? ''
}

function eventsIn(publications: readonly Publication[]) {
  return publications.flatMap(({ payload }) => {
    const entry = decodeJournal(payload)
    return entry.kind === 'events' ? entry.events : []
  })
}

interface Refusals {
  rows?: (checkpoints: readonly Checkpoint[], later: readonly LaterEntry[]) => boolean
  events?: (events: ReturnType<typeof eventsIn>) => boolean
}

/**
 * A writer whose database always refuses the rows and events for which these functions return true,
 * and records all accepted writes.
 */
function refusing({ rows = () => false, events = () => false }: Refusals) {
  const checkpoints = new Map<string, Buffer>()
  const later: LaterEntry[] = []
  const published: Publication[] = []
  const calls = { keep: 0, publish: 0 }
  const orRefuse = (isRefused: boolean) => {
    if (isRefused) throw new QueryRefused('a NUL', '22021', { cause: undefined })
  }
  const troubles: string[] = []
  const writer = new OutcomeWriter(
    {
      keep: async (some, waiting) => {
        calls.keep++
        const entries = waiting.map(({ entry }) => entry)
        orRefuse(rows(some, entries))
        for (const { envelopeId, outcomes } of some) checkpoints.set(envelopeId, outcomes)
        later.push(...entries)
        return new Set(some.map(({ envelopeId }) => envelopeId))
      },
      publish: async (publications) => {
        calls.publish++
        orRefuse(events(eventsIn(publications)))
        published.push(...publications)
      },
    },
    (what) => void troubles.push(what),
  )
  const kept = (work: EnvelopeWork | undefined) =>
    new Map(decodeOutcomes(checkpoints.get(work?.envelope.envelopeId ?? '') ?? Buffer.from([0x90])))
  return { writer, kept, later, published, calls, troubles }
}

function waitingIds(later: readonly LaterEntry[]): string[] {
  return later.flatMap(({ payload }) =>
    decodeEnvelope(payload).messages.map((one) => one.messageId),
  )
}

test('a message whose waiting row is refused fails, and all others are stored', async () => {
  const works = worksOf(64, 3)
  const poison = messageIdIn(works[37], 1)
  const store = refusing({ rows: (_, later) => waitingIds(later).includes(poison) })
  for (const work of works)
    for (const index of [0, 1, 2]) store.writer.record(work, index, deferred)
  const settlements = await Promise.all(works.map((work) => work.settlement))
  expect(new Set(settlements.map(({ kind }) => kind))).toEqual(new Set(['done']))
  const ids = works.flatMap((work) => work.envelope.messages.map(({ messageId }) => messageId))
  expect(waitingIds(store.later).toSorted()).toEqual(ids.filter((id) => id !== poison).toSorted())
  const reason = 'the outcome could not be stored (SQLSTATE 22021)'
  expect(store.kept(works[37]).get(1)).toMatchObject({ kind: 'failed', reason })
  expect(store.kept(works[37]).get(0)).toMatchObject({ kind: 'deferred' })
  const failed = eventsIn(store.published).filter(({ kind }) => kind === 'failed')
  expect(failed).toMatchObject([{ message: { messageId: poison }, commandStatus: 0x58, reason }])
  expect(store.writer.counters.refused).toBe(1)
  // Halving finds the envelope in about 2 × log2(64) = 12 attempts, and a few more attempts find
  // the message. The first publish request contains all outcomes, and the second only the failure.
  expect(store.calls.keep).toBeLessThan(20)
  expect(store.calls.publish).toBe(2)
})

test('a message whose event is refused fails, and no row is written twice', async () => {
  const works = worksOf(8, 4)
  const poison = messageIdIn(works[5], 2)
  const store = refusing({
    events: (events) =>
      events.some(({ kind, message }) => kind === 'submitted' && message.messageId === poison),
  })
  for (const work of works)
    for (const index of [0, 1, 2, 3]) store.writer.record(work, index, submitted)
  for (const work of works) expect(await work.settlement).toEqual({ kind: 'done' })
  const events = eventsIn(store.published)
  expect(events).toHaveLength(32)
  const aboutPoison = events.filter(({ message }) => message.messageId === poison)
  // The command_status is 0, because a receipt may still say that the message was delivered.
  expect(aboutPoison).toMatchObject([{ kind: 'failed', commandStatus: 0 }])
  expect(store.calls.keep).toBe(1)
})

test('only the envelope whose outcomes cannot be stored is set aside', async () => {
  const works = worksOf(4, 2)
  const poison = works[2]?.envelope.envelopeId
  const store = refusing({
    rows: (checkpoints) => checkpoints.some(({ envelopeId }) => envelopeId === poison),
  })
  for (const work of works) for (const index of [0, 1]) store.writer.record(work, index, submitted)
  const settlements = await Promise.all(works.map((work) => work.settlement))
  expect(settlements.map(({ kind }) => kind)).toEqual(['done', 'done', 'dead', 'done'])
  expect(settlements[2]).toMatchObject({
    reason: `the outcome of ${messageIdIn(works[2], 0)} cannot be stored: Error: a NUL`,
  })
})

test('an envelope with an event that the queue always refuses is set aside', async () => {
  const [work] = worksOf(1, 3)
  if (!work) throw new Error('expected one envelope')
  const poison = messageIdIn(work, 0)
  const store = refusing({
    events: (events) => events.some(({ message }) => message.messageId === poison),
  })
  for (const index of [0, 1]) store.writer.record(work, index, submitted)
  await store.writer.whenIdle()
  store.writer.record(work, 2, submitted)
  expect(await work.settlement).toMatchObject({ kind: 'dead' })
  expect(eventsIn(store.published)).toHaveLength(2)
  expect([...store.kept(work).keys()]).toEqual([0, 1, 2])
})

test('later checkpoints of an envelope do not contain an outcome that was refused', async () => {
  const [work] = worksOf(1, 2)
  if (!work) throw new Error('expected one envelope')
  const poison: Outcome = { kind: 'submitted', atMs: 5, upstreamId: upstreamId('poison') }
  const store = refusing({
    rows: (checkpoints) => checkpoints.some(({ outcomes }) => outcomes.includes('poison')),
  })
  store.writer.record(work, 0, poison)
  await store.writer.whenIdle()
  store.writer.record(work, 1, submitted)
  expect(await work.settlement).toEqual({ kind: 'done' })
  expect(store.kept(work).get(0)).toMatchObject({ kind: 'failed', commandStatus: 0 })
  expect(store.kept(work).get(1)).toMatchObject({ kind: 'submitted' })
})

test('a failure reason is shortened, and invalid characters in it are replaced', async () => {
  const [work] = worksOf(1, 1)
  if (!work) throw new Error('expected one envelope')
  const store = refusing({})
  const reason = `a\0b\ud800${'x'.repeat(5_000)}`
  store.writer.record(work, 0, { kind: 'failed', atMs: 1, commandStatus: 8, reason })
  await work.settlement
  const [event] = eventsIn(store.published)
  expect(event).toMatchObject({ reason: `a b\ufffd${'x'.repeat(296)}` })
})
