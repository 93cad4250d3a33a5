import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, StoreUnavailable } from './database.ts'
import { openTestStore, type TestStore } from './testing/testStore.ts'

const LOCK = { name: 'test.lock', text: 'update counted set value = value + 1 where id = 1' }
let store: TestStore
let database: Database

beforeAll(async () => {
  store = await openTestStore()
  database = store.link().database
  await database.pool.query('create table counted (id int primary key, value int not null)')
  await database.pool.query('insert into counted values (1, 0)')
})
afterAll(() => store.drop())

test('the time-outs of a connection increase in the order idle, lock, statement', async () => {
  const { rows } = await database.pool.query<{ name: string; setting: string }>(
    `select name, setting from pg_settings where name in
      ('idle_in_transaction_session_timeout', 'lock_timeout', 'statement_timeout') order by name`,
  )
  const [idleMs = 0, lockMs = 0, statementMs = 0] = rows.map(({ setting }) => Number(setting))
  expect(idleMs).toBeGreaterThan(0)
  expect(lockMs).toBeGreaterThan(idleMs)
  expect(statementMs).toBeGreaterThan(lockMs)
})

test('the transaction of a frozen process is ended, and other processes can continue', async () => {
  const frozen = Promise.withResolvers<void>()
  const locked = Promise.withResolvers<void>()
  const stopped = database.transaction(async (run) => {
    await run(LOCK)
    locked.resolve()
    await frozen.promise
  })
  const outcome = expect(stopped).rejects.toThrow(StoreUnavailable)
  await locked.promise
  // This link acts as another process, which waits until the server has ended the frozen
  // transaction.
  await store.link().database.transaction((run) => run(LOCK))
  frozen.resolve()
  await outcome
  const { rows } = await database.pool.query('select value from counted')
  expect(rows).toEqual([{ value: 1 }])
})

test('a lock time-out is reported as StoreUnavailable', async () => {
  const other = store.link().database
  const waiting = database.transaction(async (run) => {
    await run(LOCK)
    await other.transaction(async (runOther) => {
      await runOther({ name: 'test.hurry', text: `set local lock_timeout = '50ms'` })
      await runOther(LOCK)
    })
  })
  await expect(waiting).rejects.toThrow(StoreUnavailable)
  await database.transaction((run) => run(LOCK))
})
