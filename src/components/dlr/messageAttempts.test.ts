import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Database } from '../../database/database.ts'
import { openTestStore, type TestStore } from '../../database/testing/testStore.ts'
import { changesFrom, type MessageEvent } from '../../message/changesFrom.ts'
import type { DeferredEvent } from '../../message/journalWire.ts'
import type { EnvelopeMessage } from '../../message/messageWire.ts'
import type { MessageTrace } from '../../message/trace.ts'
import { ESME_RMSGQFUL, ESME_RTHROTTLED } from '../../smpp/index.ts'
import { readTrace } from '../admin/readTrace.ts'
import { message, submitted } from './journalEvents.fixture.ts'
import { StateWriter } from './stateWriter.ts'

const COUNTS = { throttled: 0, unanswered: 0, linksLost: 0 }

let store: TestStore
let database: Database
let writer: StateWriter

beforeAll(async () => {
  store = await openTestStore()
  database = store.link().database
  writer = new StateWriter({ database, receiptTtlHours: 72, onOutbox: () => undefined })
})
afterAll(() => store.drop())

const apply = (...events: MessageEvent[]) => writer.apply(changesFrom(events))

/**
 * Returns the event of the nth attempt, which fails n seconds after the message was accepted. The
 * next attempt is due 0.5 s after the failure.
 */
function deferred(one: EnvelopeMessage, n: number, fields: Partial<DeferredEvent> = {}) {
  const atMs = one.acceptedAtMs + n * 1_000
  const event = { kind: 'deferred', connector: 'north', atMs, dueAtMs: atMs + 500 } as const
  const commandStatus = ESME_RTHROTTLED
  return { ...event, message: { ...one, attempts: n - 1 }, commandStatus, ...fields }
}

async function traceOf(one: EnvelopeMessage): Promise<MessageTrace> {
  const trace = await readTrace(database, one.messageId)
  if (!trace) throw new Error('the message has no row')
  return trace
}

async function rowsOf(one: EnvelopeMessage): Promise<number> {
  const text = 'select from message_attempts where message_id = $1'
  return (await database.pool.query(text, [one.messageId])).rows.length
}

test('the trace of a throttled message shows ESME_RTHROTTLED and the next attempt', async () => {
  const one = message({ acceptedAtMs: 1_790_000_000_000 })
  const firstAtMs = one.acceptedAtMs + 200
  const lastAtMs = one.acceptedAtMs + 1_000
  const counts = { ...COUNTS, throttled: 5, commandStatus: ESME_RTHROTTLED }
  await apply(deferred(one, 1, { repeats: { ...counts, firstAtMs, lastAtMs } }))
  await apply(deferred(one, 2, { commandStatus: ESME_RMSGQFUL, connector: 'south' }))
  const { steps, unfinishedAttempts, unfinishedAttemptsOmitted } = await traceOf(one)
  expect(steps.slice(1)).toEqual([
    {
      at: '2026-09-21T14:13:21.000Z',
      step: 'ESME_RTHROTTLED',
      detail:
        'attempt 1 on north, 5 submissions since 2026-09-21T14:13:20.200Z; ' +
        'the next attempt is due at 2026-09-21T14:13:21.500Z',
    },
    {
      at: '2026-09-21T14:13:22.000Z',
      step: 'ESME_RMSGQFUL',
      detail: 'attempt 2 on south; the next attempt is due at 2026-09-21T14:13:22.500Z',
    },
  ])
  expect(unfinishedAttempts[0]).toEqual({
    attempt: 1,
    connector: 'north',
    firstAt: '2026-09-21T14:13:20.200Z',
    at: '2026-09-21T14:13:21.000Z',
    commandStatus: ESME_RTHROTTLED,
    reason: 'ESME_RTHROTTLED',
    submissions: 5,
    dueAt: '2026-09-21T14:13:21.500Z',
  })
  expect(unfinishedAttemptsOmitted).toBe(0)
})

test('a message accepted by the first submission has no unfinished attempts', async () => {
  const one = message()
  await apply({ kind: 'accepted', message: one, connector: 'north' }, submitted(one, 'UP-1'))
  expect((await traceOf(one)).unfinishedAttempts).toEqual([])
  expect(await rowsOf(one)).toBe(0)
})

test('the trace of a submitted message shows its earlier submissions', async () => {
  const one = message()
  const at = { firstAtMs: one.acceptedAtMs + 10, lastAtMs: one.acceptedAtMs + 20 }
  const repeats = { ...COUNTS, ...at, linksLost: 2, commandStatus: 0 }
  await apply({ ...submitted(one, 'UP-2', one.acceptedAtMs + 30), repeats })
  const { steps } = await traceOf(one)
  expect(steps.map(({ step }) => step)).toEqual(['accepted', 'link lost', 'submitted'])
  expect(steps[1]?.detail).toMatch(/^attempt 1 on sim, 2 submissions since \S+Z$/)
})

test('only the first 5 and the last 15 of 1,000 attempts are stored', async () => {
  const one = message()
  const all = Array.from({ length: 1_000 }, (_, index) => deferred(one, index + 1))
  await apply(...all.slice(500))
  for (const event of [all[999], all[0], all[986], all[985]]) if (event) await apply(event)
  await apply(...all.slice(0, 500))
  expect(await rowsOf(one)).toBe(20)
  const { unfinishedAttempts, unfinishedAttemptsOmitted } = await traceOf(one)
  const last = Array.from({ length: 15 }, (_, index) => 986 + index)
  expect(unfinishedAttempts.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5, ...last])
  expect(unfinishedAttemptsOmitted).toBe(980)
})

test('a repeated event changes nothing, and the final event of an attempt wins', async () => {
  const one = message()
  const atMs = one.acceptedAtMs + 300
  const repeats = { ...COUNTS, unanswered: 1, firstAtMs: atMs, lastAtMs: atMs, commandStatus: 0 }
  const again = deferred(one, 1, { atMs, dueAtMs: atMs, commandStatus: 0, repeats })
  for (let time = 0; time < 2; time++) await apply(again)
  expect((await traceOf(one)).unfinishedAttempts).toMatchObject([
    { reason: 'no answer', dueAt: undefined, submissions: 1 },
  ])
  await apply(deferred(one, 1))
  await apply(again)
  expect((await traceOf(one)).unfinishedAttempts).toMatchObject([
    { reason: 'ESME_RTHROTTLED', dueAt: new Date(one.acceptedAtMs + 1_500).toISOString() },
  ])
})

test('the trace of a waiting message says what it waits for', async () => {
  const one = message()
  await apply(deferred(one, 1))
  // The connector of the message is not configured. The trace shows this reason instead of the time
  // of the next attempt.
  expect((await traceOf(one)).waits).toBe('connector north does not exist or cannot be read')
})

test('an attempt for a message of a day without partitions creates partitions', async () => {
  const one = message({ acceptedAtMs: Date.now() - 40 * 86_400_000 })
  const messageId = one.messageId
  await apply(deferred({ ...one, messageId: messageId }, 1))
  expect(await rowsOf(one)).toBe(1)
})
