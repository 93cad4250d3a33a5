import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Database, QueryRefused, StoreUnavailable } from '../../database/database.ts'
import { openTestStore, type TestStore } from '../../database/testing/testStore.ts'
import { newMessageId } from '../../message/ids.ts'
import {
  claimDue,
  countWaiting,
  type LeavingEntry,
  leavingEnvelopes,
  putLater,
} from '../../message/waitingMessageTable.ts'
import { decodeEnvelope, encodeEnvelope, type Envelope } from '../../queue/envelopeWire.ts'
import { PostgresQueue } from '../../queue/postgres/postgresQueue.ts'
import { postgresUpkeep } from '../../queue/postgres/postgresUpkeep.ts'
import type { OncePublisher, QueueUpkeep } from '../../queue/queue.ts'
import { moveDue, type MoveOptions } from './moveDue.ts'

const WEEK_MS = 7 * 24 * 3_600_000
const CLAIM_MS = 60_000
const QUEUE = 'submit.sim.normal'

let store: TestStore
let database: Database
let queue: PostgresQueue
let upkeep: QueueUpkeep

beforeEach(async () => {
  store = await openTestStore()
  const link = store.link()
  database = link.database
  queue = new PostgresQueue(database, link.wakeUps, 'one')
  upkeep = postgresUpkeep(database)
})
afterEach(() => store.drop())

async function putDue(count: number): Promise<string[]> {
  const texts = Array.from({ length: count }, (_, index) => String(index))
  await putLater(
    database.run,
    texts.map((text) => ({
      envelopeId: newMessageId(),
      dueAtMs: Date.now() - 1_000,
      queue: QUEUE,
      payload: Buffer.from(text),
      messages: 1,
    })),
  )
  return texts
}

/** Stores due envelopes of one message each and returns the ids of the messages. */
async function putEnvelopes(count: number): Promise<string[]> {
  const entries = Array.from({ length: count }, () => {
    const messageId = newMessageId()
    const message = { messageId, account: 'a', user: 'u', acceptedAtMs: 1, attempts: 1 }
    const messages = [{ ...message, body: Buffer.alloc(100), registeredDelivery: 0 }]
    const envelope = { envelopeId: messageId, connector: 'sim', lane: 'normal' as const, messages }
    const payload = encodeEnvelope(envelope)
    const dueAtMs = Date.now() - 1_000
    return { envelopeId: messageId, dueAtMs, queue: QUEUE, payload, messages: 1 }
  })
  await putLater(database.run, entries)
  return entries.map(({ envelopeId }) => envelopeId)
}

async function publishedEnvelopes(): Promise<Envelope[]> {
  const entries = await queue.receive(QUEUE, 10_000, 60_000)
  return entries.map(({ payload }) => decodeEnvelope(payload))
}

async function publishedTexts(): Promise<string[]> {
  const entries = await queue.receive(QUEUE, 10_000, 60_000)
  return entries.map(({ payload }) => payload.toString()).toSorted((a, b) => Number(a) - Number(b))
}

function options(over: Partial<MoveOptions> = {}): MoveOptions {
  const onTrouble = (what: string, error: Error) => expect.fail(`${what}: ${error.message}`)
  return { database, queue, upkeep, paceOf: () => 1_000, onTrouble, claimMs: CLAIM_MS, ...over }
}

function publishingBy(publishOnce: OncePublisher['publishOnce']): OncePublisher {
  return { publishOnce }
}

/** Publishes and then fails, like a process that dies or loses the answer after a publish. */
function publishingWithoutAnswer(): OncePublisher {
  return publishingBy(async (...given) => {
    await queue.publishOnce(...given)
    throw new StoreUnavailable('the answer was lost')
  })
}

/** Moves the messages as soon as their former claim has ended. */
async function moveAgain(): Promise<void> {
  const isMoved = async () => (await moveDue(options({ claimMs: 0, queue: anytime() }))) > 0
  await vi.waitUntil(isMoved, { timeout: 1_000, interval: 1 })
}

/** Publishes without a deadline, because the claim ends immediately. */
function anytime(): OncePublisher {
  return publishingBy((publications, marks) => queue.publishOnce(publications, marks))
}

/**
 * Runs the housekeeping as if it were next week. By then, all marks that prevent messages from
 * being published twice have expired, except the marks of messages whose rows are still claimed.
 */
async function maintainNextWeek(): Promise<void> {
  const { asOf, envelopeIds } = await leavingEnvelopes(database)
  const inAWeek = new Date(asOf.getTime() + WEEK_MS)
  await upkeep.maintain({ keepMarksOf: envelopeIds, asOf: inAWeek })
}

test('concurrent moves divide the due messages and publish each of them once', async () => {
  const texts = await putDue(1_500)
  let transactions = 0
  const counting = publishingBy((...given) => {
    transactions++
    return queue.publishOnce(...given)
  })
  const both = options({ queue: counting })
  const moved = await Promise.all([moveDue(both), moveDue(both), moveDue(both)])
  expect(moved).toEqual([500, 500, 500])
  expect(transactions).toBe(3)
  expect(await moveDue(both)).toBe(0)
  expect(await countWaiting(database.run)).toBe(0)
  expect(await publishedTexts()).toEqual(texts)
})

test('retries of one queue are joined into one envelope and published once', async () => {
  const waiting = await putEnvelopes(200)
  const lost = moveDue(options({ queue: publishingWithoutAnswer() }))
  await expect(lost).rejects.toThrow('the answer was lost')
  const more = await putEnvelopes(100)
  await moveAgain()
  const envelopes = await publishedEnvelopes()
  expect(envelopes).toHaveLength(2)
  const ids = envelopes.flatMap(({ messages }) => messages.map(({ messageId }) => messageId))
  expect(ids.toSorted()).toEqual([...waiting, ...more].toSorted())
  expect(await countWaiting(database.run)).toBe(0)
})

test('messages claimed by a dead process are moved when its claim has ended', async () => {
  await putDue(1)
  await claimDue(database, 10, CLAIM_MS)
  expect(await moveDue(options())).toBe(0)
  await moveAgain()
  expect(await publishedTexts()).toEqual(['0'])
})

test('rows that were published but not removed are removed without another publish', async () => {
  await putDue(2)
  const lost = moveDue(options({ queue: publishingWithoutAnswer() }))
  await expect(lost).rejects.toThrow('the answer was lost')
  await putDue(1)
  await moveAgain()
  expect(await countWaiting(database.run)).toBe(0)
  expect(await publishedTexts()).toEqual(['0', '0', '1'])
})

test('a message is published once even if its row is removed a week later', async () => {
  await putDue(1)
  const lost = moveDue(options({ queue: publishingWithoutAnswer() }))
  await expect(lost).rejects.toThrow('the answer was lost')
  await maintainNextWeek()
  await moveAgain()
  expect(await publishedTexts()).toEqual(['0'])
  expect(await countWaiting(database.run)).toBe(0)
})

test('a process that freezes before publishing fails once its claim has ended', async () => {
  await putDue(1)
  let goOn = (): void => undefined
  const frozen = new Promise<void>((resolve) => (goOn = resolve))
  const freezing = publishingBy(async (...given) => {
    await frozen
    return queue.publishOnce(...given)
  })
  const late = moveDue(options({ queue: freezing, claimMs: 1 }))
  await vi.waitUntil(async () => (await leavingEnvelopes(database)).envelopeIds.length > 0)
  await moveAgain()
  // The row of the message was removed, so the mark of the message is not kept.
  await maintainNextWeek()
  goOn()
  await expect(late).rejects.toThrow('the claim has ended')
  expect(await publishedTexts()).toEqual(['0'])
})

test('a process that froze after publishing does not remove a row claimed by another', async () => {
  await putDue(1)
  let goOn = (): void => undefined
  const frozen = new Promise<void>((resolve) => (goOn = resolve))
  const freezing = publishingBy(async (...given) => {
    const outcome = await queue.publishOnce(...given)
    await frozen
    return outcome
  })
  const late = moveDue(options({ queue: freezing }))
  await vi.waitUntil(async () => (await upkeep.messagesOn([QUEUE])) > 0)
  const next: LeavingEntry[] = []
  await vi.waitUntil(async () => next.push(...(await claimDue(database, 10, 0))) > 0)
  goOn()
  await late
  // The next process has claimed the row and is about to publish it, so the mark is still kept.
  await maintainNextWeek()
  const marks = next.map(({ envelopeId }) => ({ batchId: envelopeId, answer: Buffer.alloc(0) }))
  expect(await queue.publishOnce(next, marks)).toMatchObject({ kind: 'repeated' })
  expect(await publishedTexts()).toEqual(['0'])
})

test('only a message that the queue permanently refuses is set aside', async () => {
  const texts = await putDue(20)
  const troubles: string[] = []
  const refusing = publishingBy(async (publications, ...rest) => {
    if (publications.some(({ payload }) => payload.toString() === '7'))
      throw new QueryRefused('a NUL', '22021', { cause: undefined })
    return queue.publishOnce(publications, ...rest)
  })
  const onTrouble = (what: string) => void troubles.push(what)
  expect(await moveDue(options({ queue: refusing, onTrouble }))).toBe(20)
  expect(await publishedTexts()).toEqual(texts.filter((text) => text !== '7'))
  expect(await countWaiting(database.run)).toBe(0)
  expect(await upkeep.deadLetters()).toEqual([{ queue: QUEUE, letters: 1 }])
  expect(troubles).toEqual([`a waiting message of ${QUEUE} was set aside`])
})

test('messages that are not due yet are moved once when their queue is cleared', async () => {
  const rows = ['0', '1'].map((text, index) => ({
    envelopeId: newMessageId(),
    dueAtMs: Date.now() + 3_600_000,
    queue: index === 0 ? QUEUE : 'submit.other.normal',
    payload: Buffer.from(text),
    messages: 1,
  }))
  await putLater(database.run, rows)
  const clearedQueues = [QUEUE]
  expect(await moveDue(options())).toBe(0)
  const lost = moveDue(options({ queue: publishingWithoutAnswer(), clearedQueues }))
  await expect(lost).rejects.toThrow('the answer was lost')
  // The claimed message is moved now, whether or not the connector is still being cleared.
  await maintainNextWeek()
  await moveAgain()
  expect(await publishedTexts()).toEqual(['0'])
  expect(await countWaiting(database.run)).toBe(1)
})
