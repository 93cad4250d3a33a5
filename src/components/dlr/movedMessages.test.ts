import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Database } from '../../database/database.ts'
import { openTestStore, type TestStore } from '../../database/testing/testStore.ts'
import { changesFrom, type MessageEvent } from '../../message/changesFrom.ts'
import type { EnvelopeMessage } from '../../message/messageWire.ts'
import type { MessageTrace } from '../../message/trace.ts'
import { readTrace } from '../admin/readTrace.ts'
import { message, submitted } from './journalEvents.fixture.ts'
import { StateWriter } from './stateWriter.ts'

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

function accepted(one: EnvelopeMessage): MessageEvent {
  return { kind: 'accepted', message: one, connector: 'first' }
}

function moved(one: EnvelopeMessage, from: string, to: string, afterMs: number): MessageEvent {
  const atMs = one.acceptedAtMs + afterMs
  return { kind: 'moved', message: one, connector: to, from, atMs }
}

async function traceOf(one: EnvelopeMessage): Promise<MessageTrace> {
  const trace = await readTrace(database, one.messageId)
  if (!trace) throw new Error('the message has no row')
  return trace
}

test('a moved message waits for its new connector, and its trace names both', async () => {
  const one = message()
  await apply(accepted(one))
  await apply(moved(one, 'first', 'second', 50))
  const { connector, state, steps } = await traceOf(one)
  expect({ connector, state }).toEqual({ connector: 'second', state: 'ENROUTE' })
  expect(steps.map(({ step, detail }) => `${step} ${detail}`)).toEqual([
    expect.stringMatching(/^accepted .* routed to first$/),
    'moved by the operator, from first to second',
  ])
})

test('moves may be applied in any order and more than once, and the latest move wins', async () => {
  const together = message()
  await apply(
    moved(together, 'second', 'third', 90),
    moved(together, 'first', 'second', 50),
    accepted(together),
  )
  const apart = message()
  await apply(moved(apart, 'second', 'third', 90))
  for (let time = 0; time < 2; time++) await apply(moved(apart, 'first', 'second', 50))
  await apply(accepted(apart))
  expect((await traceOf(together)).connector).toBe('third')
  expect((await traceOf(apart)).connector).toBe('third')
})

test('a move that is applied after the submission does not change the connector', async () => {
  const one = message()
  await apply({ ...submitted(one, 'UP-1'), connector: 'second' })
  await apply(moved(one, 'first', 'wrong', 50))
  const { connector, steps } = await traceOf(one)
  expect(connector).toBe('second')
  expect(steps.map(({ step }) => step)).toContain('moved')
})

test('the trace of a purged message says that the operator purged it', async () => {
  const one = message()
  const end = { commandStatus: 0, reason: 'purged by the operator' }
  await apply({ kind: 'failed', message: one, connector: 'first', atMs: Date.now(), ...end })
  const { state, steps } = await traceOf(one)
  expect(state).toBe('UNDELIVERABLE')
  expect(steps.find(({ step }) => step === 'undeliverable')?.detail).toBe(
    'it was purged by the operator while it waited',
  )
})
