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

describe('a receipt is about the newest message that fits it', () => {
  const SECOND_MS = 1_000
  const nowMs = Date.now()

  test('and none that was submitted more than five seconds after it was read', async () => {
    const account = 'of both times'
    const [before, after] = [message({ account }), message({ account })]
    await journal(submitted(before, 'timed', nowMs - HOUR_MS), submitted(after, 'timed', nowMs))
    const early = { ...receipt('timed', DELIVERED), receivedAtMs: nowMs - 5 * SECOND_MS - 1 }
    await writer.applyReceipts([early])
    expect([await stateOf(before), await stateOf(after)]).toEqual(['DELIVERED', 'ENROUTE'])
    await writer.applyReceipts([{ ...early, receivedAtMs: nowMs - 5 * SECOND_MS }])
    expect(await stateOf(after)).toBe('DELIVERED')
  })

  test('and the time since its submission is measured, for its final receipt', async () => {
    await journal(submitted(message(), 'measured', nowMs - 30 * SECOND_MS))
    const read = { receivedAtMs: nowMs }
    await writer.applyReceipts([{ ...receipt('measured', MESSAGE_STATE.ENROUTE), ...read }])
    expect(writer.submitToReceiptSeconds.size).toBe(0)
    await writer.applyReceipts([{ ...receipt('measured', DELIVERED), ...read }])
    expect(writer.submitToReceiptSeconds.get('sim')?.sum).toBe(30)
  })

  test('and so it is when the receipt had to wait for its message', async () => {
    const parked = { ...receipt('measuredLate', DELIVERED), receivedAtMs: nowMs }
    await writer.applyReceipts([parked])
    expect(writer.submitToReceiptSeconds.size).toBe(0)
    await journal(submitted(message(), 'measuredLate', nowMs - 20 * SECOND_MS))
    expect(writer.submitToReceiptSeconds.get('sim')?.sum).toBe(20)
  })

  test('also when it was parked before', async () => {
    const one = message()
    const early = { ...receipt('parkedEarly', DELIVERED), receivedAtMs: nowMs - 6 * SECOND_MS }
    await writer.applyReceipts([early])
    await journal(submitted(one, 'parkedEarly', nowMs))
    expect(await stateOf(one)).toBe('ENROUTE')
    expect(await parkedFor('parkedEarly')).toEqual(['unmatched'])
    await writer.applyReceipts([{ ...early, receivedAtMs: nowMs - 4 * SECOND_MS }])
    expect(await stateOf(one)).toBe('DELIVERED')
  })

  test('whose number may lack its country code on either side', async () => {
    const [one, two] = [message(), message()]
    await journal(submitted(one, 'national'), submitted(two, 'other'))
    await writer.applyReceipts([
      { ...receipt('national', DELIVERED), destination: '612345678' },
      { ...receipt('other', DELIVERED), destination: '345678' },
    ])
    expect([await stateOf(one), await stateOf(two)]).toEqual(['DELIVERED', 'ENROUTE'])
    expect(await parkedFor('other')).toEqual(['unmatched'])
  })

  test('by the key that the rule of its connector makes of ids', async () => {
    const one = message()
    await journal({ ...submitted(one, '1F'), idKey: '31' })
    await writer.applyReceipts([{ ...receipt('0000000031', DELIVERED), idKey: '31' }])
    expect(await stateOf(one)).toBe('DELIVERED')
    expect((await readTrace(database, one.messageId))?.steps).toContainEqual(
      expect.objectContaining({ detail: 'to sim, which calls it 1F' }),
    )
  })

  test('and nobody may get it when messages of two accounts fit', async () => {
    const [one, two] = [message(), message()]
    await journal(submitted(one, 'shared'), submitted(two, 'shared'))
    await writer.applyReceipts([receipt('shared', DELIVERED)])
    expect([await stateOf(one), await stateOf(two)]).toEqual(['ENROUTE', 'ENROUTE'])
    expect(await parkedFor('shared')).toEqual(['ambiguous'])
    expect(writer.counters.ambiguous).toBe(1)
  })

  test('also not when the second of them comes later', async () => {
    const account = 'two of mine'
    const [one, two, alien] = [message({ account }), message({ account }), message()]
    await writer.applyReceipts([receipt('lateShared', DELIVERED)])
    await journal(submitted(one, 'lateShared'), submitted(alien, 'lateShared'))
    expect([await stateOf(one), await stateOf(alien)]).toEqual(['ENROUTE', 'ENROUTE'])
    expect(await parkedFor('lateShared')).toEqual(['ambiguous'])
    // The newest message of one account gets it.
    await journal(submitted(one, 'mine', nowMs - SECOND_MS), submitted(two, 'mine', nowMs))
    await writer.applyReceipts([receipt('mine', DELIVERED)])
    expect([await stateOf(one), await stateOf(two)]).toEqual(['ENROUTE', 'DELIVERED'])
  })

  test('but none by an empty id', async () => {
    const one = message()
    await journal(submitted(one, ''))
    expect(await stateOf(one)).toBe('ENROUTE')
    await writer.applyReceipts([receipt('', DELIVERED)])
    await journal(submitted(message(), ''))
    expect(await stateOf(one)).toBe('ENROUTE')
    expect(await parkedFor('')).toEqual(['without id'])
  })
})

/** Why each receipt that waits for this id does so. */
async function parkedFor(key: string): Promise<string[]> {
  const text = 'select reason from parked_receipts where upstream_id = $1 order by id'
  const rows = await database.run<{ reason: string }>({ name: 'test.parked', text }, [key])
  return rows.map(({ reason }) => reason)
}

describe('of two copies of a message the one that was delivered counts', () => {
  const refusal = (one: EnvelopeMessage): JournalEvent => ({
    kind: 'failed',
    message: one,
    connector: 'sim',
    atMs: Date.now(),
    commandStatus: 0x45,
    reason: 'ESME_RSUBMITFAIL',
  })

  test('when the second was refused before the receipt of the first', async () => {
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

  test('when both have receipts, in one batch, in two, and in any order', async () => {
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
