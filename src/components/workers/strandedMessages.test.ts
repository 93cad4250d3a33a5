import { uuidv7 } from 'uuidv7'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Database } from '../../database/database.ts'
import { openTestStore, type TestStore } from '../../database/testing/testStore.ts'
import {
  claimEnvelopes,
  envelopeOwners,
  finishEnvelopes,
  releaseEnvelopes,
  writeCheckpoints,
} from '../../message/checkpointTable.ts'
import { CONNECTOR_DELETED } from '../../message/connectorDeleted.ts'
import { JOURNAL_QUEUE, type JournalEvent } from '../../message/journalWire.ts'
import { countWaiting, putLater } from '../../message/waitingMessageTable.ts'
import { connectorKind } from '../../platform/connector.ts'
import { readDeletedOfKind, writeResources } from '../../platform/resourceTable.ts'
import { encodeEnvelope, type Envelope, submitQueue } from '../../queue/envelopeWire.ts'
import { decodeJournal } from '../../queue/journalEntryWire.ts'
import { publishAll } from '../../queue/publishAll.ts'
import { PostgresQueue } from '../../queue/postgres/postgresQueue.ts'
import { postgresUpkeep } from '../../queue/postgres/postgresUpkeep.ts'
import { envelopeOf } from './connectorWork.fixture.ts'
import { EnvelopeOwnership } from './envelopeOwnership.ts'
import { moveDue } from './moveDue.ts'
import { OutcomeWriter } from './outcomeWriter.ts'
import { StrandedMessages } from './strandedMessages.ts'

const MINUTE_MS = 60_000
/** After this time the envelopes of these tests are older than a minute. */
const LATER_MS = 2 * MINUTE_MS

let store: TestStore
let database: Database
const owners: EnvelopeOwnership[] = []

beforeEach(async () => {
  store = await openTestStore()
  database = store.link().database
})
afterEach(async () => {
  await Promise.all(owners.splice(0).map((ownership) => ownership.stop()))
  await store.drop()
})

function unexpected(what: string, error: Error): never {
  return expect.fail(`${what}: ${error.message}`)
}

/** A worker process. The test sets its clocks. */
async function worker(instance: string) {
  const link = store.link()
  const run = link.database
  const queue = new PostgresQueue(run, link.wakeUps, instance)
  const ownership = new EnvelopeOwnership({
    store: {
      ...envelopeOwners(run, instance),
      claim: (owner, wanted) => claimEnvelopes(run, owner, wanted),
      release: (owner, envelopeIds) => releaseEnvelopes(run, owner, envelopeIds),
    },
    leaseMs: 30_000,
    onTrouble: unexpected,
  })
  await ownership.start()
  owners.push(ownership)
  const outcomeStore = {
    keep: (checkpoints: Parameters<typeof writeCheckpoints>[1]) =>
      writeCheckpoints(run.run, checkpoints),
    publish: (publications: Parameters<PostgresQueue['publish']>[0]) =>
      publishAll(queue, publications),
  }
  const time = { monotonicMs: 0, aheadMs: LATER_MS }
  const troubles: string[] = []
  const stranded = new StrandedMessages({
    queue,
    queueLeaseMs: 60_000,
    upkeep: postgresUpkeep(run),
    writer: new OutcomeWriter(outcomeStore, unexpected),
    ownership,
    finishEnvelopes: (envelopeIds) => finishEnvelopes(run, envelopeIds),
    deletedConnectors: () => readDeletedOfKind(run, connectorKind.kind),
    clock: { nowMs: () => Date.now() + time.aheadMs },
    onTrouble: (what) => void troubles.push(what),
    now: () => time.monotonicMs,
  })
  const endAll = async (monotonicMs: number): Promise<number> => {
    time.monotonicMs = monotonicMs
    let envelopes = 0
    for (let done = 1; done > 0; envelopes += done) done = await stranded.endSome()
    return envelopes
  }
  return { endAll, ownership, queue, stranded, time, troubles }
}

type Worker = Awaited<ReturnType<typeof worker>>

async function write(id: string, spec: object | undefined): Promise<void> {
  await writeResources(database, [{ kind: connectorKind.kind, id, spec }])
}

async function deleted(...ids: string[]): Promise<void> {
  for (const id of ids) for (const spec of [{ id }, undefined]) await write(id, spec)
}

function envelopesFor(connector: string, count: number, messages = 2): Envelope[] {
  return Array.from({ length: count }, () => ({ ...envelopeOf(messages), connector }))
}

async function publish({ queue }: Worker, envelopes: readonly Envelope[]): Promise<void> {
  await queue.publish(
    envelopes.map((envelope) => ({
      queue: submitQueue(envelope.connector, envelope.lane),
      payload: encodeEnvelope(envelope),
      messages: envelope.messages.length,
    })),
  )
}

async function eventsOn({ queue }: Worker): Promise<JournalEvent[]> {
  const entries = await queue.receive(JOURNAL_QUEUE, 1_000, 60_000)
  return entries.flatMap(({ payload }) => {
    const decoded = decodeJournal(payload)
    return decoded.kind === 'events' ? decoded.events : []
  })
}

function messageIds(envelopes: readonly Envelope[]): string[] {
  return envelopes.flatMap(({ messages }) => messages.map(({ messageId }) => messageId))
}

function waitingOn(...connectors: string[]): Promise<number> {
  const queues = connectors.map((connector) => submitQueue(connector, 'normal'))
  return postgresUpkeep(database).messagesOn(queues)
}

test('messages for a deleted connector fail after a minute and are counted', async () => {
  const one = await worker('one')
  await write('kept', { id: 'kept' })
  await deleted('gone', 'empty')
  const envelopes = envelopesFor('gone', 3)
  await publish(one, envelopes)
  await publish(one, envelopesFor('kept', 1))
  // The queue of an unknown connector does not count as the queue of a deleted connector.
  await publish(one, envelopesFor('unheard', 1))
  expect(await one.endAll(1_000)).toBe(0)
  expect(await one.endAll(MINUTE_MS + 999)).toBe(0)
  expect(await one.endAll(MINUTE_MS + 1_000)).toBe(3)
  const events = await eventsOn(one)
  expect(events.map(({ message }) => message.messageId)).toEqual(messageIds(envelopes))
  for (const event of events)
    expect(event).toMatchObject({ kind: 'failed', commandStatus: 0, reason: CONNECTOR_DELETED })
  expect([...one.stranded.endedByConnector]).toEqual([['gone', 6]])
  expect(await waitingOn('gone')).toBe(0)
  expect(await waitingOn('kept', 'unheard')).toBe(4)
  // Messages that a router or another worker publishes for this connector later are ended as well.
  await publish(one, envelopesFor('gone', 1))
  expect(await one.endAll(2 * MINUTE_MS)).toBe(1)
})

test('messages that wait for another attempt at a deleted connector fail', async () => {
  const one = await worker('one')
  await deleted('gone')
  const [envelope] = envelopesFor('gone', 1, 1)
  if (!envelope) return expect.fail('expected an envelope')
  const queue = submitQueue('gone', 'normal')
  const payload = encodeEnvelope(envelope)
  const { envelopeId } = envelope
  const dueAtMs = Date.now() + 3_600_000
  await putLater(database.run, [{ envelopeId, dueAtMs, queue, payload, messages: 1 }])
  await one.endAll(0)
  expect(one.stranded.queues).toEqual([])
  await one.endAll(MINUTE_MS)
  const clearedQueues = one.stranded.queues
  const upkeep = postgresUpkeep(database)
  const options = { database, queue: one.queue, upkeep, paceOf: () => 1_000 }
  await moveDue({ ...options, clearedQueues, onTrouble: unexpected })
  expect(await countWaiting(database.run)).toBe(0)
  expect(await one.endAll(MINUTE_MS)).toBe(1)
  expect(await eventsOn(one)).toMatchObject([{ kind: 'failed', reason: CONNECTOR_DELETED }])
})

test('messages of a recreated connector and envelopes under a minute old are kept', async () => {
  const one = await worker('one')
  await deleted('again')
  await publish(one, envelopesFor('again', 1))
  await one.endAll(0)
  await write('again', { id: 'again' })
  expect(await one.endAll(MINUTE_MS)).toBe(0)
  // The connector is created and deleted between two checks. The minute is counted from the last
  // deletion.
  await write('again', undefined)
  expect(await one.endAll(2 * MINUTE_MS)).toBe(0)
  await write('again', { id: 'again' })
  await write('again', undefined)
  expect(await one.endAll(3 * MINUTE_MS)).toBe(0)
  one.time.aheadMs = MINUTE_MS - 1_000
  expect(await one.endAll(4 * MINUTE_MS)).toBe(0)
  expect(await waitingOn('again')).toBe(2)
  expect(await eventsOn(one)).toEqual([])
})

test('two workers end each message once and skip envelopes that other workers own', async () => {
  const [one, two] = [await worker('one'), await worker('two')]
  await deleted('gone')
  const [held, finished, ...others] = envelopesFor('gone', 120)
  if (!held || !finished) return expect.fail('expected envelopes')
  await publish(one, [held, finished, ...others])
  const owner = uuidv7()
  await envelopeOwners(database, 'three').appear(owner)
  await claimEnvelopes(database, owner, [{ envelopeId: held.envelopeId, begins: true }])
  await claimEnvelopes(database, owner, [{ envelopeId: finished.envelopeId, begins: true }])
  await finishEnvelopes(database, [finished.envelopeId])
  await Promise.all([one.endAll(0), two.endAll(0)])
  const done = await Promise.all([one.endAll(MINUTE_MS), two.endAll(MINUTE_MS)])
  expect(done.reduce((sum, envelopes) => sum + envelopes, 0)).toBe(119)
  const ended = (await eventsOn(one)).map(({ message }) => message.messageId)
  expect(ended.toSorted()).toEqual(messageIds(others).toSorted())
  expect(await waitingOn('gone')).toBe(2)
})

test('messages past their expiry time expire, and unreadable envelopes are set aside', async () => {
  const one = await worker('one')
  await deleted('gone')
  const [envelope] = envelopesFor('gone', 1, 2)
  if (!envelope) return expect.fail('expected an envelope')
  const [first, second] = envelope.messages
  if (!first || !second) return expect.fail('expected two messages')
  const messages = [{ ...first, expiresAtMs: Date.now() }, second]
  await publish(one, [{ ...envelope, messages }])
  const queue = submitQueue('gone', 'normal')
  await one.queue.publish([{ queue, payload: Buffer.from('no envelope'), messages: 1 }])
  await one.endAll(0)
  expect(await one.endAll(MINUTE_MS)).toBe(2)
  expect(await eventsOn(one)).toMatchObject([{ kind: 'expired' }, { kind: 'failed' }])
  expect(await postgresUpkeep(database).deadLetters()).toEqual([{ queue, letters: 1 }])
  expect(one.troubles).toHaveLength(1)
})
