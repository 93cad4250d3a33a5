import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { encodeEnvelope } from '../../queue/envelopeWire.ts'
import type { EnvelopeMessage } from '../../message/messageWire.ts'
import { encodeEvents, type JournalEvent } from '../../message/journalWire.ts'
import { type MessageId, newMessageId, type UpstreamId } from '../../message/ids.ts'
import { decodeBody, MESSAGE_STATE, parseReceipt } from '../../smpp/index.ts'
import { type Database, StoreUnavailable } from '../../database/database.ts'
import { claimOutbox } from '../../outbox/outboxTable.ts'
import { openTestStore, type TestStore } from '../../database/testing/testStore.ts'
import { readTrace } from '../admin/readTrace.ts'
import { changesFrom, type MessageEvent } from '../../message/changesFrom.ts'
import type { QueueEntry } from '../../queue/queue.ts'
import { applyEntries } from './applyEntries.ts'
import { message, receipt, submitted } from './journalEvents.fixture.ts'
import { readJournal } from './readJournal.ts'
import { StateWriter } from './stateWriter.ts'

const { ACCEPTED, DELIVERED, EXPIRED, UNDELIVERABLE, UNKNOWN } = MESSAGE_STATE
const HOUR_MS = 3_600_000
let store: TestStore
let database: Database
let writer: StateWriter
let outboxWakes = 0

beforeAll(async () => {
  store = await openTestStore()
  database = store.link().database
})
afterAll(() => store.drop())
beforeEach(() => {
  writer = new StateWriter({ database, receiptTtlHours: 72, onOutbox: () => outboxWakes++ })
})

function journal(...events: JournalEvent[]): Promise<void> {
  return writer.apply(changesFrom(readJournal(encodeEvents(events))))
}

function accept(...messages: EnvelopeMessage[]): Promise<void> {
  const envelope = {
    envelopeId: newMessageId(),
    connector: 'sim',
    lane: 'normal' as const,
    messages,
  }
  return writer.apply(changesFrom(readJournal(encodeEnvelope(envelope))))
}

async function stateOf(one: EnvelopeMessage): Promise<string | undefined> {
  return (await readTrace(database, one.messageId))?.state
}

/** Sweeps until the message is delivered. The first sweep of a parked receipt is due after 1 s. */
async function sweepUntilDelivered(one: EnvelopeMessage): Promise<void> {
  await expect
    .poll(
      async () => {
        await writer.sweep(100)
        return stateOf(one)
      },
      { timeout: 10_000 },
    )
    .toBe('DELIVERED')
}

async function deliveries(one: EnvelopeMessage) {
  const { claimed } = await claimOutbox(
    database,
    [{ account: one.account, user: one.user, room: 100 }],
    1,
    'test',
  )
  return claimed
    .flatMap((chunk) => chunk.deliveries)
    .map(({ deliverSm }) => parseReceipt(decodeBody('deliver_sm', deliverSm)))
}

test('a delivered message is DELIVERED, and its customer gets a receipt', async () => {
  const one = message()
  await accept(one)
  expect(await stateOf(one)).toBe('ENROUTE')
  await journal(submitted(one, 'life'))
  await writer.applyReceipts([receipt('life', DELIVERED)])
  expect(await stateOf(one)).toBe('DELIVERED')
  expect(await deliveries(one)).toMatchObject([{ id: one.messageId, messageState: DELIVERED }])
  expect(outboxWakes).toBeGreaterThan(0)
})

test('a receipt that arrives before its journal event is applied after the event', async () => {
  const one = message()
  await writer.applyReceipts([receipt('early', DELIVERED)])
  expect(await stateOf(one)).toBeUndefined()
  await journal(submitted(one, 'early'))
  expect(await stateOf(one)).toBe('DELIVERED')
  expect(await deliveries(one)).toHaveLength(1)
})

test('a receipt that includes its message is applied before any journal event', async () => {
  const one = message()
  await writer.applyReceipts([{ ...receipt('inhand', DELIVERED), message: one }])
  expect(await stateOf(one)).toBe('DELIVERED')
  await accept(one)
  await journal(submitted(one, 'inhand'))
  expect(await stateOf(one)).toBe('DELIVERED')
  expect(await deliveries(one)).toHaveLength(1)
})

test('a sweep finds a match that both concurrent transactions missed', async () => {
  const one = message()
  await writer.applyReceipts([receipt('swept', DELIVERED)])
  // Simulates a transaction that wrote the id and could not see the parked receipt yet.
  await database.pool.query(
    `insert into upstream_ids values ('sim', 'swept', 0, $1, '31612345678', now())`,
    [one.messageId],
  )
  await accept(one)
  await sweepUntilDelivered(one)
  const { rows } = await database.pool.query(
    `select * from parked_receipts where upstream_id = 'swept'`,
  )
  expect(rows).toEqual([])
})

test('an id of 5,000 characters is shortened to 64, and its receipt still matches', async () => {
  const odd = message()
  const sound = message()
  // The id is random. An id that compresses well would fit into an index even if it is long.
  const long = randomBytes(2_500).toString('hex')
  // Older workers wrote the id without shortening it.
  const whole = { ...submitted(odd, ''), upstreamId: long as UpstreamId } // not shortened here
  await journal(whole, submitted(sound, 'beside'))
  await writer.applyReceipts([receipt(long, DELIVERED), receipt('beside', DELIVERED)])
  expect([await stateOf(odd), await stateOf(sound)]).toEqual(['DELIVERED', 'DELIVERED'])
})

test('only the envelope with text that the database refuses is set aside', async () => {
  const before = message()
  const harmful = message()
  const entryOf = (one: EnvelopeMessage, connector: string): QueueEntry => ({
    id: one.messageId,
    queue: 'journal',
    payload: encodeEvents([{ ...submitted(one, `of ${one.messageId}`), connector }]),
    receives: 1,
  })
  const reader = {
    read: readJournal,
    octetsOf: ({ message }: MessageEvent) => message.body.length,
    apply: (events: readonly MessageEvent[]) => writer.apply(changesFrom(events)),
  }
  const noName = 'not\0text'
  const entries = [entryOf(before, 'sim'), entryOf(harmful, noName)]
  const settlements = await applyEntries(reader, entries, (error) => expect.fail(error.message))
  expect(settlements).toMatchObject([{ kind: 'done' }, { kind: 'dead' }])
  expect([await stateOf(before), await stateOf(harmful)]).toEqual(['ENROUTE', undefined])
})

test('repeated receipts, and receipts after a final receipt, change nothing', async () => {
  const one = message()
  await journal(submitted(one, 'twice'))
  await writer.applyReceipts([receipt('twice', UNDELIVERABLE), receipt('twice', UNDELIVERABLE)])
  await writer.applyReceipts([receipt('twice', UNDELIVERABLE)])
  await writer.applyReceipts([receipt('twice', ACCEPTED), receipt('twice', DELIVERED)])
  expect(await stateOf(one)).toBe('UNDELIVERABLE')
  expect(await deliveries(one)).toMatchObject([{ messageState: UNDELIVERABLE }])
})

test('journal events may be applied repeatedly and in any order', async () => {
  const one = message()
  const event = submitted(one, 'again')
  await journal(event, event)
  await accept(one)
  await journal(event)
  await writer.applyReceipts([receipt('again', DELIVERED)])
  await journal(event)
  await accept(one)
  expect(await stateOf(one)).toBe('DELIVERED')
  expect(await deliveries(one)).toHaveLength(1)
})

test('a failed message is UNDELIVERABLE, and its customer gets a receipt', async () => {
  const one = message()
  await journal({
    kind: 'failed',
    message: one,
    connector: 'sim',
    atMs: Date.now(),
    commandStatus: 0x0b,
    reason: 'ESME_RINVDSTADR',
  })
  expect(await stateOf(one)).toBe('UNDELIVERABLE')
  expect(await deliveries(one)).toMatchObject([{ messageState: UNDELIVERABLE }])
})

test('an expired message is EXPIRED, and a failure receipt is sent if requested', async () => {
  const one = message({ registeredDelivery: 2 })
  await journal({ kind: 'expired', message: one, connector: 'sim', atMs: Date.now() })
  const trace = await readTrace(database, one.messageId)
  expect(trace).toMatchObject({ state: 'EXPIRED' })
  expect(trace?.steps.find(({ step }) => step === 'expired')?.detail).toContain('while it waited')
  const [told] = await deliveries(one)
  expect(told).toMatchObject({ stat: 'EXPIRED', messageState: EXPIRED, id: one.messageId })
})

test('an expired message becomes DELIVERED if a submitted copy was delivered', async () => {
  const one = message()
  await journal({ kind: 'expired', message: one, connector: 'sim', atMs: Date.now() })
  await journal(submitted(one, 'late-copy'))
  expect(await stateOf(one)).toBe('EXPIRED')
  await writer.applyReceipts([receipt('late-copy', DELIVERED)])
  expect(await stateOf(one)).toBe('DELIVERED')
  expect(await deliveries(one)).toHaveLength(2)
})

test('a failure receipt of a copy is not forwarded once its message has failed', async () => {
  const end = { connector: 'sim', atMs: Date.now() }
  const events: ((one: EnvelopeMessage) => JournalEvent)[] = [
    (one) => ({ ...end, kind: 'expired', message: one }),
    (one) => ({ ...end, kind: 'failed', message: one, commandStatus: 8, reason: 'refused' }),
    (one) => ({ ...end, kind: 'failed', message: one, commandStatus: 0, reason: 'purged' }),
  ]
  for (const [index, event] of events.entries())
    for (const state of [EXPIRED, UNDELIVERABLE, MESSAGE_STATE.REJECTED, UNKNOWN]) {
      const one = message()
      const id = `copy-${index}-${state}`
      await journal(event(one))
      const before = await stateOf(one)
      await journal(submitted(one, id))
      await writer.applyReceipts([receipt(id, state)])
      expect(await stateOf(one)).toBe(before)
      expect(await deliveries(one)).toHaveLength(1)
      // If the failure and the submission are in one batch, the customer also gets only one
      // receipt.
      const both = message()
      await journal(event(both), submitted(both, `${id}-both`))
      await writer.applyReceipts([{ ...receipt(`${id}-both`, state), message: both }])
      expect(await deliveries(both)).toHaveLength(1)
      await writer.applyReceipts([receipt(`${id}-both`, DELIVERED)])
      expect(await stateOf(both)).toBe('DELIVERED')
    }
})

test("a customer's receipt has a three-digit error or the account's own code", async () => {
  const refused = async (one: EnvelopeMessage) => {
    const reason = 'ESME_RSUBMITFAIL'
    const event = { message: one, connector: 'sim', atMs: Date.now(), commandStatus: 0x45, reason }
    await journal({ kind: 'failed', ...event })
    return (await deliveries(one))[0]?.err
  }
  expect(await refused(message())).toBe('069')
  const errorsOfAll = { ESME_RSUBMITFAIL: 'SUB' }
  const onOutbox = () => undefined
  writer = new StateWriter({
    database,
    receiptTtlHours: 72,
    receiptErrors: () => errorsOfAll,
    onOutbox,
  })
  expect(await refused(message())).toBe('SUB')
})

test('a customer who requested no receipt gets no receipt', async () => {
  const one = message({ registeredDelivery: 0 })
  await journal(submitted(one, 'silent'))
  await writer.applyReceipts([receipt('silent', DELIVERED)])
  expect(await stateOf(one)).toBe('DELIVERED')
  expect(await deliveries(one)).toEqual([])
})

test('a reused SMSC id matches the newer message with the same destination', async () => {
  const old = message({ account: 'reuses' })
  const young = message({ account: 'reuses' })
  await journal(submitted(old, 'reused', Date.now() - HOUR_MS))
  await journal(submitted(young, 'reused'))
  await writer.applyReceipts([receipt('reused', DELIVERED)])
  expect(await stateOf(old)).toBe('ENROUTE')
  expect(await stateOf(young)).toBe('DELIVERED')
  await writer.applyReceipts([{ ...receipt('reused', DELIVERED), destination: '4915112345678' }])
  expect(await stateOf(old)).toBe('ENROUTE')
})

/** Returns a new message id whose timestamp is `atMs`. */
function idOf(atMs: number): MessageId {
  const prefix = atMs.toString(16).padStart(12, '0')
  // The text is still a valid message id after its first 48 bits are replaced.
  return `${prefix.slice(0, 8)}-${prefix.slice(8)}${newMessageId().slice(13)}` as MessageId
}

test('a partition is created for a message that is older than all partitions', async () => {
  const atMs = Date.now() - 30 * 24 * HOUR_MS
  const one = message({ messageId: idOf(atMs), acceptedAtMs: atMs })
  await accept(one)
  expect(await stateOf(one)).toBe('ENROUTE')
})

test('a message with time 0 creates partitions for one day only', async () => {
  const ofNoClock = message({ messageId: idOf(0), acceptedAtMs: 0 })
  const lately = Date.now() - 40 * 24 * HOUR_MS
  const late = message({ messageId: idOf(lately), acceptedAtMs: lately })
  const partitions = async () => {
    const text = `select count(*)::int as count from pg_inherits
      where inhparent = 'messages'::regclass`
    const [row] = await database.run<{ count: number }>({ name: 'test.partitions', text })
    return row?.count ?? 0
  }
  const before = await partitions()
  await accept(ofNoClock, late)
  expect(await stateOf(ofNoClock)).toBe('ENROUTE')
  expect(await stateOf(late)).toBe('ENROUTE')
  expect((await partitions()) - before).toBeLessThan(4)
})

test('a final receipt replaces the state UNKNOWN', async () => {
  const one = message()
  await journal(submitted(one, 'unknown'))
  await writer.applyReceipts([receipt('unknown', UNKNOWN)])
  expect(await stateOf(one)).toBe('UNKNOWN')
  await writer.applyReceipts([receipt('unknown', DELIVERED), receipt('unknown', UNKNOWN)])
  expect(await stateOf(one)).toBe('DELIVERED')
})

test('an unreadable parked receipt does not block the sweep of other receipts', async () => {
  const one = message()
  await writer.applyReceipts([receipt('poisoned', DELIVERED), receipt('sound', DELIVERED)])
  // A defect could leave a row whose receipt cannot be decoded.
  await database.pool.query(
    `update parked_receipts set receipt = 'x', due_at = now() - interval '1 hour'
      where upstream_id = 'poisoned'`,
  )
  await database.pool.query(
    `insert into upstream_ids values ('sim', 'sound', 0, $1, '31612345678', now())`,
    [one.messageId],
  )
  await accept(one)
  await sweepUntilDelivered(one)
})

test('an unknown state text of a receipt is stored as the SMSC wrote it', async () => {
  const one = message()
  await journal(submitted(one, 'odd'))
  await writer.applyReceipts([{ ...receipt('odd', UNKNOWN), stat: 'TELEPORTED' }])
  const trace = await readTrace(database, one.messageId)
  expect(trace?.state).toBe('UNKNOWN')
  expect(trace?.steps).toContainEqual(
    expect.objectContaining({ detail: 'error 000, the SMSC called it "TELEPORTED"' }),
  )
})

test('an unreadable parked receipt does not block another receipt with the same id', async () => {
  const one = message()
  await writer.applyReceipts([receipt('unreadable', DELIVERED), receipt('unreadable', DELIVERED)])
  await database.pool.query(
    `update parked_receipts set receipt = 'x' where id =
      (select min(id) from parked_receipts where upstream_id = 'unreadable')`,
  )
  await journal(submitted(one, 'unreadable'))
  expect(await stateOf(one)).toBe('DELIVERED')
})

test('a receipt waits until the server ends the transaction that locks its message', async () => {
  const [locked, free] = [message(), message()]
  await journal(submitted(locked, 'locked'), submitted(free, 'free'))
  const isLocked = Promise.withResolvers<void>()
  const frozen = Promise.withResolvers<void>()
  const other = store.link().database.transaction(async (run) => {
    const text = 'select 1 from messages where message_id = $1 for update'
    await run({ name: 'test.freeze', text }, [locked.messageId])
    isLocked.resolve()
    await frozen.promise
  })
  const ended = expect(other).rejects.toThrow(StoreUnavailable)
  await isLocked.promise
  const waiting = writer.applyReceipts([receipt('locked', DELIVERED)])
  await writer.applyReceipts([receipt('free', DELIVERED)])
  expect(await stateOf(locked)).toBe('ENROUTE')
  await waiting
  expect([await stateOf(locked), await stateOf(free)]).toEqual(['DELIVERED', 'DELIVERED'])
  frozen.resolve()
  await ended
})
