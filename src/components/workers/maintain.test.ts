import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestStore, type TestStore } from '../../database/testing/testStore.ts'
import { newMessageId } from '../../message/ids.ts'
import { countParkedReceipts, parkReceipts } from '../../message/parkedReceiptTable.ts'
import { claimDue, putLater } from '../../message/waitingMessageTable.ts'
import { postgresUpkeep } from '../../queue/postgres/postgresUpkeep.ts'
import { maintain, type Retention } from './maintain.ts'

const HOUR_MS = 3_600_000
const RETENTION: Retention = {
  receiptTtlHours: 72,
  retainMessagesDays: 0,
  retainAcknowledgedDays: 0,
  retainUndeliveredDays: 0,
  retainDeadLettersDays: 0,
  retainTombstonesDays: 0,
}
let store: TestStore

beforeAll(async () => {
  store = await openTestStore()
})
afterAll(() => store.drop())

test('a receipt without a message is set aside only after receiptTtlHours', async () => {
  const { database } = store.link()
  const upkeep = postgresUpkeep(database)
  const parked = (count: number, receivedAtMs: number) =>
    Array.from({ length: count }, (_, index) => ({
      connector: 'sim',
      key: String(index),
      destination: '',
      receipt: Buffer.from('receipt'),
      reason: 'unmatched' as const,
      receivedAtMs,
    }))
  // The expired receipts need more than one batch.
  await parkReceipts(database.run, parked(1001, Date.now() - 73 * HOUR_MS))
  await parkReceipts(database.run, parked(2, Date.now() - 71 * HOUR_MS))
  await maintain(database, upkeep, RETENTION)
  expect(await countParkedReceipts(database.run)).toBe(2)
  expect(await upkeep.deadLetters()).toEqual([{ queue: 'dlr', letters: 1001 }])
})

test('the queue keeps the marks of waiting messages that a process has claimed', async () => {
  const { database } = store.link()
  const [leaving, waiting] = [newMessageId(), newMessageId()]
  const entry = { queue: 'submit.sim.normal', payload: Buffer.from('x'), messages: 1 }
  await putLater(database.run, [{ ...entry, envelopeId: leaving, dueAtMs: Date.now() - 1_000 }])
  await claimDue(database, 10, HOUR_MS)
  await putLater(database.run, [{ ...entry, envelopeId: waiting, dueAtMs: Date.now() - 1_000 }])
  // The queue marks each message that it has published, so that no message is published twice.
  const kept: string[] = []
  const upkeep = {
    ...postgresUpkeep(database),
    maintain: async ({ keepMarksOf }: { keepMarksOf: readonly string[] }) =>
      void kept.push(...keepMarksOf),
  }
  await maintain(database, upkeep, RETENTION)
  expect(kept).toEqual([leaving])
})
