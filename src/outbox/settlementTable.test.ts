import assert from 'node:assert'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Database } from '../database/database.ts'
import { ensurePartitionsFor } from '../database/partitionTable.ts'
import { openTestStore, type TestStore } from '../database/testing/testStore.ts'
import { firstIdAt, type MessageId, newMessageId, timeOf } from '../message/ids.ts'
import { readDeliverySteps } from './outboxReportTable.ts'
import { addToOutbox, claimOutbox } from './outboxTable.ts'
import { settleOutbox } from './settlementTable.ts'

let store: TestStore
let database: Database

beforeAll(async () => {
  store = await openTestStore()
  database = store.link().database
})
afterAll(() => store.drop())

test('acknowledgements of a chunk by one user form one row per day of message ids', async () => {
  const dayMs = 86_400_000
  const atMs = Date.now()
  const idAgo = (agoMs: number) =>
    // Only the first 48 bits of a message id, which are its time, are replaced.
    `${firstIdAt(atMs - agoMs).slice(0, 13)}${newMessageId().slice(13)}` as MessageId
  const first = [0, dayMs, 2 * dayMs].map(idAgo)
  const between = idAgo(dayMs)
  const ids = [...first, ...[0, dayMs, 2 * dayMs].map(idAgo)]
  const entries = ids.map((messageId) => ({
    account: 'days',
    user: 'demo',
    messageId,
    deliverSm: Buffer.from(messageId),
    expiresAtMs: atMs + 3_600_000,
  }))
  await addToOutbox(database.run, entries)
  const demand = { account: 'days', user: 'demo', room: ids.length }
  const [chunk] = (await claimOutbox(database, [demand], 60_000, 'gateway-1')).claimed
  assert(chunk)
  await ensurePartitionsFor(database, ids.map(timeOf))
  const acknowledged = ids.map((messageId) => ({ messageId, user: 'demo' }))
  const outcome = { ...chunk, acknowledged, refused: [], retry: [], putBack: [] }
  await settleOutbox(database, 'gateway-1', [outcome])
  const { rows } = await database.pool.query(
    'select from acknowledged_chunks where chunk_id = $1',
    [chunk.id],
  )
  expect(rows).toHaveLength(3)
  const stepsOf = (id: MessageId) =>
    readDeliverySteps(database, { id, account: 'days', user: 'demo' })
  for (const id of ids) expect(await stepsOf(id)).toMatchObject([{ kind: 'acknowledged' }])
  expect(await stepsOf(between)).toEqual([])
})
