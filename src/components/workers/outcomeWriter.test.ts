import { expect, test } from 'vitest'
import { decodeEnvelope, type Envelope } from '../../queue/envelopeWire.ts'
import { decodeJournal } from '../../queue/journalEntryWire.ts'
import { newMessageId, upstreamId } from '../../message/ids.ts'
import type { Publication } from '../../queue/queue.ts'
import type { Checkpoint } from '../../message/checkpointTable.ts'
import type { LaterEntry } from '../../message/waitingMessageTable.ts'
import { decodeOutcomes, type Outcome } from '../../message/outcomeWire.ts'
import { claimOf, UNTOUCHED } from './connectorWork.fixture.ts'
import { EnvelopeWork } from './envelopeWork.ts'
import type { WaitingMessage } from './keepOutcomes.ts'
import { OutcomeWriter } from './outcomeWriter.ts'

function envelopeOf(count: number, body = Buffer.from('body')): Envelope {
  const messages = Array.from({ length: count }, () => ({
    messageId: newMessageId(),
    account: 'demo',
    user: 'demo',
    acceptedAtMs: 1,
    attempts: 3,
    body,
    registeredDelivery: 1,
  }))
  return { envelopeId: newMessageId(), connector: 'sim', lane: 'normal', messages }
}

/** A store that records all writes in the order of the calls. The first `failures` calls fail. */
function fakeStore(failures = 0) {
  const calls: string[] = []
  const checkpoints: Checkpoint[] = []
  const later: LaterEntry[] = []
  const published: Publication[] = []
  /** The payload octets of each publish request. */
  const requestOctets: number[] = []
  /** Ids of envelopes that another worker owns. */
  const lost = new Set<string>()
  const attempt = (call: string) => {
    calls.push(call)
    if (failures-- > 0) throw new Error('away')
  }
  return {
    calls,
    checkpoints,
    later,
    lost,
    published,
    requestOctets,
    store: {
      keep: async (rows: readonly Checkpoint[], waiting: readonly WaitingMessage[]) => {
        attempt('keep')
        const kept = new Set(rows.flatMap(({ envelopeId: id }) => (lost.has(id) ? [] : [id])))
        checkpoints.push(...rows.filter(({ envelopeId }) => kept.has(envelopeId)))
        later.push(...waiting.flatMap((one) => (kept.has(one.envelopeId) ? [one.entry] : [])))
        return kept
      },
      publish: async (publications: readonly Publication[]) => {
        attempt('journal')
        requestOctets.push(publications.reduce((sum, { payload }) => sum + payload.length, 0))
        published.push(...publications)
      },
    },
  }
}

const submitted: Outcome = { kind: 'submitted', atMs: 5, upstreamId: upstreamId('77') }
const deferred: Outcome = { kind: 'deferred', atMs: 7, commandStatus: 0x58, dueAtMs: 99 }

function eventsIn(publications: readonly Publication[]) {
  return publications.flatMap(({ payload }) => {
    const entry = decodeJournal(payload)
    return entry.kind === 'events' ? entry.events : []
  })
}

test('an envelope is settled only after all its outcomes are stored', async () => {
  const { checkpoints, published, store } = fakeStore()
  const writer = new OutcomeWriter(store, () => undefined)
  const work = new EnvelopeWork(envelopeOf(2), UNTOUCHED)
  let settled = false
  const settlement = work.settlement.then((given) => {
    settled = true
    return given
  })
  writer.record(work, 0, submitted)
  await writer.whenIdle()
  expect(settled).toBe(false)
  expect(checkpoints).toHaveLength(1)
  writer.record(work, 1, submitted)
  expect(await settlement).toEqual({ kind: 'done' })
  expect(eventsIn(published).map(({ kind }) => kind)).toEqual(['submitted', 'submitted'])
})

test('events of 40 KB messages are split into envelopes and requests of limited size', async () => {
  const { published, requestOctets, store } = fakeStore()
  const writer = new OutcomeWriter(store, () => undefined)
  const works = Array.from({ length: 100 }, () => {
    return new EnvelopeWork(envelopeOf(1, Buffer.alloc(40_000)), UNTOUCHED)
  })
  for (const work of works) writer.record(work, 0, submitted)
  await writer.whenIdle()
  expect(eventsIn(published)).toHaveLength(works.length)
  expect(Math.max(...published.map(({ payload }) => payload.length))).toBeLessThan(130 * 1_024)
  expect(Math.max(...requestOctets)).toBeLessThan(1_100 * 1_024)
})

test('a deferred message is stored in the same call as its checkpoint', async () => {
  const { calls, later, store } = fakeStore()
  const writer = new OutcomeWriter(store, () => undefined)
  const work = new EnvelopeWork(envelopeOf(1), UNTOUCHED)
  writer.record(work, 0, deferred)
  await work.settlement
  expect(calls.filter((call) => call === 'keep')).toHaveLength(1)
  expect(later).toHaveLength(1)
  const again = decodeEnvelope(later[0]?.payload ?? Buffer.alloc(0))
  expect(again.messages).toMatchObject([{ attempts: 4 }])
  expect(again.envelopeId).not.toBe(work.envelope.envelopeId)
})

test('an envelope is stored, published and settled after a database outage', async () => {
  const { published, store } = fakeStore(3)
  const troubles: string[] = []
  const writer = new OutcomeWriter(store, (what) => troubles.push(what))
  const work = new EnvelopeWork(envelopeOf(1), UNTOUCHED)
  writer.record(work, 0, submitted)
  expect(await work.settlement).toEqual({ kind: 'done' })
  expect(troubles).toEqual(['keeping outcomes', 'publishing outcomes'])
  // The event is published at least once: an attempt that failed halfway may have published it.
  expect(eventsIn(published)[0]).toMatchObject({ kind: 'submitted', upstreamId: '77' })
})

test('a finished envelope delivered again is settled, and its events are repeated', async () => {
  const { published, store } = fakeStore()
  const writer = new OutcomeWriter(store, () => undefined)
  const envelope = envelopeOf(1)
  const before = new EnvelopeWork(envelope, UNTOUCHED)
  before.record(0, submitted)
  const work = new EnvelopeWork(envelope, claimOf(before.checkpoint(new Set([0]), false)))
  writer.resume(work)
  expect(await work.settlement).toEqual({ kind: 'done' })
  expect(eventsIn(published)).toMatchObject([{ kind: 'submitted', upstreamId: '77' }])
})

test('an unfinished envelope is released only after its outcomes are stored', async () => {
  const { calls, checkpoints, store } = fakeStore()
  const writer = new OutcomeWriter(store, () => undefined)
  const work = new EnvelopeWork(envelopeOf(2), UNTOUCHED)
  writer.record(work, 0, submitted)
  writer.release(work)
  expect(calls).toEqual([])
  expect(await work.settlement).toEqual({ kind: 'retry', delayMs: 0 })
  const [checkpoint] = checkpoints
  expect(checkpoint?.isReleased).toBe(true)
  const again = new EnvelopeWork(work.envelope, checkpoint ? claimOf(checkpoint) : UNTOUCHED)
  expect(again.remaining.map(([index]) => index)).toEqual([1])
})

test('an envelope with outcomes in two batches is settled after the second batch', async () => {
  const { checkpoints, published, store } = fakeStore()
  const writer = new OutcomeWriter(store, () => undefined)
  const work = new EnvelopeWork(envelopeOf(2_001), UNTOUCHED)
  for (let index = 0; index < 2_001; index++) writer.record(work, index, submitted)
  await work.settlement
  expect(checkpoints.map(({ outcomes }) => decodeOutcomes(outcomes).length)).toEqual([2_000, 2_001])
  expect(eventsIn(published)).toHaveLength(2_001)
})

test('a checkpoint lists a deferred message only if the same call writes its row', async () => {
  const { checkpoints, later, store } = fakeStore(2)
  const work = new EnvelopeWork(envelopeOf(2), UNTOUCHED)
  const writer = new OutcomeWriter(store, (what) => {
    // The database is unavailable, and the batch with the first outcome will be tried again.
    if (what === 'keeping outcomes') writer.record(work, 1, deferred)
  })
  writer.record(work, 0, submitted)
  await work.settlement
  expect(checkpoints.map(({ outcomes }) => decodeOutcomes(outcomes).length)).toEqual([1, 2])
  expect(later).toHaveLength(1)
})

test('an envelope that another worker owns by now is not settled as done', async () => {
  const { checkpoints, later, lost, published, store } = fakeStore()
  const writer = new OutcomeWriter(store, () => undefined)
  const work = new EnvelopeWork(envelopeOf(2), UNTOUCHED)
  lost.add(work.envelope.envelopeId)
  writer.record(work, 0, deferred)
  writer.record(work, 1, submitted)
  expect(await work.settlement).toEqual({ kind: 'retry', delayMs: 0 })
  expect(work.isOurs).toBe(false)
  expect(checkpoints).toEqual([])
  expect(later).toEqual([])
  expect(eventsIn(published).map(({ kind }) => kind)).toContain('submitted')
})

test('for an envelope that another worker owns, only submitted events are published', async () => {
  const { calls, published, store } = fakeStore()
  const writer = new OutcomeWriter(store, () => undefined)
  const work = new EnvelopeWork(envelopeOf(2), UNTOUCHED)
  work.lose()
  writer.record(work, 0, submitted)
  writer.record(work, 1, deferred)
  await writer.whenIdle()
  expect(eventsIn(published).map(({ kind }) => kind)).toEqual(['submitted'])
  expect(calls).toEqual(['journal'])
})

test('the unanswered submissions of a message are stored until it has an outcome', async () => {
  const { checkpoints, store } = fakeStore()
  const writer = new OutcomeWriter(store, () => undefined)
  const work = new EnvelopeWork(envelopeOf(2), UNTOUCHED)
  for (const index of [0, 1, 1]) work.addUnanswered(index)
  writer.record(work, 0, submitted)
  writer.release(work)
  await work.settlement
  const [checkpoint] = checkpoints
  const again = new EnvelopeWork(work.envelope, checkpoint ? claimOf(checkpoint) : UNTOUCHED)
  expect([0, 1].map((index) => again.unanswered(index))).toEqual([0, 2])
})

test('the expiry of a message is published only by the owner of its envelope', async () => {
  const { lost, published, store } = fakeStore()
  const writer = new OutcomeWriter(store, () => undefined)
  const [theirs, ours] = [envelopeOf(1), envelopeOf(1)].map(
    (envelope) => new EnvelopeWork(envelope, UNTOUCHED),
  )
  if (!theirs || !ours) throw new Error('expected two envelopes')
  lost.add(theirs.envelope.envelopeId)
  for (const work of [theirs, ours]) writer.record(work, 0, { kind: 'expired', atMs: 9 })
  await ours.settlement
  const told = eventsIn(published).map(({ message }) => message.messageId)
  expect(told).toEqual([ours.envelope.messages[0]?.messageId])
})

test('a waiting message carries the number of its unanswered submissions', async () => {
  const { later, store } = fakeStore()
  const writer = new OutcomeWriter(store, () => undefined)
  const work = new EnvelopeWork(envelopeOf(1), { ...UNTOUCHED, takeovers: 1 })
  work.addUnanswered(0)
  writer.record(work, 0, deferred)
  await work.settlement
  const again = new EnvelopeWork(decodeEnvelope(later[0]?.payload ?? Buffer.alloc(0)), UNTOUCHED)
  expect(again.unanswered(0)).toBe(2)
})
