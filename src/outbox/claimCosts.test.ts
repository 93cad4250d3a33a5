import assert from 'node:assert'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Database, Statement } from '../database/database.ts'
import { costOf } from '../database/testing/costOf.ts'
import { openTestStore, type TestStore } from '../database/testing/testStore.ts'
import { SearchFloors } from '../flow/searchFloors.ts'
import { newMessageId } from '../message/ids.ts'
import { addToOutbox, claimOutbox, type OutboxDemand } from './outboxTable.ts'

const LEASE_MS = 60_000
const SETTLED = 20_000
const PAGES_OF_THE_SETTLED = 200
const PAGES_OF_A_CLAIM = 60

let store: TestStore
let database: Database
beforeAll(async () => {
  store = await openTestStore()
  database = store.link().database
})
afterAll(() => store.drop())

test.each([['demo'], [undefined]])(
  'later claims for user %s do not read settled chunks that an open snapshot retains',
  async (user) => {
    const account = `held-${user}`
    const clock = { nowMs: 0 }
    const floors = new SearchFloors(() => clock.nowMs)
    const asked: { statement: Statement; values: readonly unknown[] }[] = []
    const observed: Database = {
      ...database,
      run: (statement, values = []) => {
        asked.push({ statement, values })
        return database.run(statement, values)
      },
    }
    const claim = async () => {
      const demand: OutboxDemand = { account, user, room: 1 }
      return (await claimOutbox(observed, [demand], LEASE_MS, 'one', { floors })).claimed
    }
    const holder = await database.pool.connect()
    try {
      await database.pool.query(FILL, [account, SETTLED])
      await holder.query('begin isolation level repeatable read')
      await holder.query('select count(*) from outbox_chunks')
      await database.pool.query('delete from outbox_chunks where account = $1', [account])
      await add(account, 3)
      await database.pool.query('analyze outbox_chunks')
      expect(await claim()).toHaveLength(1)
      expect(await claim()).toHaveLength(1)
      const [whole, fromFloor] = asked
      assert(whole && fromFloor)
      const pagesOf = async ({ statement, values }: typeof whole) =>
        (await costOf(database, statement, values)).pages
      expect(await pagesOf(whole)).toBeGreaterThan(PAGES_OF_THE_SETTLED)
      expect(await pagesOf(fromFloor)).toBeLessThan(PAGES_OF_A_CLAIM)
    } finally {
      await holder.query('rollback')
      holder.release()
    }
  },
)

test('a chunk released far below the start of the search is claimed one second later', async () => {
  const clock = { nowMs: 0 }
  const floors = new SearchFloors(() => clock.nowMs)
  const demand = { account: 'below', user: 'demo', room: 1 }
  const claim = async () =>
    (await claimOutbox(database, [demand], LEASE_MS, 'one', { floors })).claimed.map(({ id }) => id)
  await add('below', 1)
  const [low] = (await claimOutbox(database, [demand], LEASE_MS, 'two')).claimed
  assert(low)
  await database.pool.query(`select setval('outbox_id_seq', nextval('outbox_id_seq') + 5000)`)
  await add('below', 2)
  expect(await claim()).toHaveLength(1)
  await database.pool.query('delete from outbox_leases where chunk_id = $1', [low.id])
  expect(await claim()).not.toContain(low.id)
  expect(await claim()).toEqual([])
  clock.nowMs = 1_000
  expect(await claim()).toEqual([low.id])
})

const FILL = `insert into outbox_chunks (account, user_id, deliveries, payload, expires_at)
  select $1, 'demo', 1, '\\x01', now() + interval '1 day' from generate_series(1, $2::int)`

async function add(account: string, chunks: number): Promise<void> {
  for (let chunk = 0; chunk < chunks; chunk++)
    await addToOutbox(database.run, [
      {
        account,
        user: 'demo',
        messageId: newMessageId(),
        deliverSm: Buffer.alloc(1),
        expiresAtMs: Date.now() + 3_600_000,
      },
    ])
}
