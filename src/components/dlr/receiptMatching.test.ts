import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Database } from '../../database/database.ts'
import { openTestStore, type TestStore } from '../../database/testing/testStore.ts'
import { changesFrom } from '../../message/changesFrom.ts'
import { encodeEvents, type JournalEvent } from '../../message/journalWire.ts'
import type { EnvelopeMessage } from '../../message/messageWire.ts'
import { claimOutbox } from '../../outbox/outboxTable.ts'
import { decodeBody, MESSAGE_STATE, parseReceipt } from '../../smpp/index.ts'
import { readTrace } from '../admin/readTrace.ts'
import { message, receipt, submitted } from './journalEvents.fixture.ts'
import { readJournal } from './readJournal.ts'
import { StateWriter } from './stateWriter.ts'

const { DELIVERED, UNDELIVERABLE } = MESSAGE_STATE
const HOUR_MS = 3_600_000
let store: TestStore
let database: Database
let writer: StateWriter

beforeAll(async () => {
  store = await openTestStore()
  database = store.link().database
})
afterAll(() => store.drop())
beforeEach(() => {
  writer = new StateWriter({ database, receiptTtlHours: 72, onOutbox: () => undefined })
})

function journal(...events: JournalEvent[]): Promise<void> {
  return writer.apply(changesFrom(readJournal(encodeEvents(events))))
}

async function stateOf(one: EnvelopeMessage): Promise<string | undefined> {
  return (await readTrace(database, one.messageId))?.state
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

describe('matching of receipts to messages', () => {
  const SECOND_MS = 1_000
  const nowMs = Date.now()

  test('a receipt matches no message submitted over 5 s after the receipt arrived', async () => {
    const account = 'of both times'
    const [before, after] = [message({ account }), message({ account })]
    await journal(submitted(before, 'timed', nowMs - HOUR_MS), submitted(after, 'timed', nowMs))
    const early = { ...receipt('timed', DELIVERED), receivedAtMs: nowMs - 5 * SECOND_MS - 1 }
    await writer.applyReceipts([early])
    expect([await stateOf(before), await stateOf(after)]).toEqual(['DELIVERED', 'ENROUTE'])
    await writer.applyReceipts([{ ...early, receivedAtMs: nowMs - 5 * SECOND_MS }])
    expect(await stateOf(after)).toBe('DELIVERED')
  })

  test('the time from submission to receipt is measured for final receipts only', async () => {
    await journal(submitted(message(), 'measured', nowMs - 30 * SECOND_MS))
    const read = { receivedAtMs: nowMs }
    await writer.applyReceipts([{ ...receipt('measured', MESSAGE_STATE.ENROUTE), ...read }])
    expect(writer.submitToReceiptSeconds.size).toBe(0)
    await writer.applyReceipts([{ ...receipt('measured', DELIVERED), ...read }])
    expect(writer.submitToReceiptSeconds.get('sim')?.sum).toBe(30)
  })

  test('the time from submission to receipt is measured for a parked receipt', async () => {
    const parked = { ...receipt('measuredLate', DELIVERED), receivedAtMs: nowMs }
    await writer.applyReceipts([parked])
    expect(writer.submitToReceiptSeconds.size).toBe(0)
    await journal(submitted(message(), 'measuredLate', nowMs - 20 * SECOND_MS))
    expect(writer.submitToReceiptSeconds.get('sim')?.sum).toBe(20)
  })

  test('a parked receipt matches no message submitted over 5 s after its arrival', async () => {
    const one = message()
    const early = { ...receipt('parkedEarly', DELIVERED), receivedAtMs: nowMs - 6 * SECOND_MS }
    await writer.applyReceipts([early])
    await journal(submitted(one, 'parkedEarly', nowMs))
    expect(await stateOf(one)).toBe('ENROUTE')
    expect(await parkedFor('parkedEarly')).toEqual(['unmatched'])
    await writer.applyReceipts([{ ...early, receivedAtMs: nowMs - 4 * SECOND_MS }])
    expect(await stateOf(one)).toBe('DELIVERED')
  })

  test('a receipt matches if its number lacks only the country code', async () => {
    const [one, two] = [message(), message()]
    await journal(submitted(one, 'national'), submitted(two, 'other'))
    await writer.applyReceipts([
      { ...receipt('national', DELIVERED), destination: '612345678' },
      { ...receipt('other', DELIVERED), destination: '345678' },
    ])
    expect([await stateOf(one), await stateOf(two)]).toEqual(['DELIVERED', 'ENROUTE'])
    expect(await parkedFor('other')).toEqual(['unmatched'])
  })

  test("a receipt matches if the connector's id rule gives both ids the same key", async () => {
    const one = message()
    await journal({ ...submitted(one, '1F'), idKey: '31' })
    await writer.applyReceipts([{ ...receipt('0000000031', DELIVERED), idKey: '31' }])
    expect(await stateOf(one)).toBe('DELIVERED')
    expect((await readTrace(database, one.messageId))?.steps).toContainEqual(
      expect.objectContaining({ detail: 'to sim, which calls it 1F' }),
    )
  })

  test('a receipt is parked as ambiguous if messages of two accounts match', async () => {
    const [one, two] = [message(), message()]
    await journal(submitted(one, 'shared'), submitted(two, 'shared'))
    await writer.applyReceipts([receipt('shared', DELIVERED)])
    expect([await stateOf(one), await stateOf(two)]).toEqual(['ENROUTE', 'ENROUTE'])
    expect(await parkedFor('shared')).toEqual(['ambiguous'])
    expect(writer.counters.ambiguous).toBe(1)
  })

  test('a parked receipt becomes ambiguous if messages of two accounts match later', async () => {
    const account = 'two of mine'
    const [one, two, alien] = [message({ account }), message({ account }), message()]
    await writer.applyReceipts([receipt('lateShared', DELIVERED)])
    await journal(submitted(one, 'lateShared'), submitted(alien, 'lateShared'))
    expect([await stateOf(one), await stateOf(alien)]).toEqual(['ENROUTE', 'ENROUTE'])
    expect(await parkedFor('lateShared')).toEqual(['ambiguous'])
    // If all matching messages belong to one account, the newest message gets the receipt.
    await journal(submitted(one, 'mine', nowMs - SECOND_MS), submitted(two, 'mine', nowMs))
    await writer.applyReceipts([receipt('mine', DELIVERED)])
    expect([await stateOf(one), await stateOf(two)]).toEqual(['ENROUTE', 'DELIVERED'])
  })

  test('a receipt without an id matches no message', async () => {
    const one = message()
    await journal(submitted(one, ''))
    expect(await stateOf(one)).toBe('ENROUTE')
    await writer.applyReceipts([receipt('', DELIVERED)])
    await journal(submitted(message(), ''))
    expect(await stateOf(one)).toBe('ENROUTE')
    expect(await parkedFor('')).toEqual(['without id'])
  })
})

/** Resolves with the reasons for which receipts with this upstream id were parked. */
async function parkedFor(key: string): Promise<string[]> {
  const text = 'select reason from parked_receipts where upstream_id = $1 order by id'
  const rows = await database.run<{ reason: string }>({ name: 'test.parked', text }, [key])
  return rows.map(({ reason }) => reason)
}

describe('a message with two submitted copies is DELIVERED if one copy was delivered', () => {
  const refusal = (one: EnvelopeMessage): JournalEvent => ({
    kind: 'failed',
    message: one,
    connector: 'sim',
    atMs: Date.now(),
    commandStatus: 0x45,
    reason: 'ESME_RSUBMITFAIL',
  })

  test('when the SMSC refuses the other copy before the receipt arrives', async () => {
    const one = message()
    await journal(refusal(one))
    await journal(submitted(one, 'first copy'))
    await writer.applyReceipts([receipt('first copy', DELIVERED)])
    expect(await stateOf(one)).toBe('DELIVERED')
    expect(await deliveries(one)).toMatchObject([
      { messageState: UNDELIVERABLE },
      { messageState: DELIVERED },
    ])
  })

  test('when the receipts of both copies arrive in any order, in one batch or in two', async () => {
    const orders = [
      [['b', UNDELIVERABLE] as const, ['a', DELIVERED] as const],
      [['a', DELIVERED] as const, ['b', UNDELIVERABLE] as const],
    ]
    for (const [place, order] of orders.entries()) {
      const [one, two] = [message(), message()]
      const of = (copy: string, batches: number) => `${copy} of ${place} in ${batches}`
      for (const copy of ['a', 'b'])
        await journal(submitted(one, of(copy, 1)), submitted(two, of(copy, 2)))
      await writer.applyReceipts(order.map(([copy, state]) => receipt(of(copy, 1), state)))
      for (const [copy, state] of order) await writer.applyReceipts([receipt(of(copy, 2), state)])
      expect([await stateOf(one), await stateOf(two)]).toEqual(['DELIVERED', 'DELIVERED'])
    }
  })
})
