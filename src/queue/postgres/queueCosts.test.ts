import { afterAll, beforeAll, expect, test } from 'vitest'
import type { DatabaseLink } from '../../components/databaseLink.ts'
import { costOf } from '../../database/testing/costOf.ts'
import { openTestStore, type TestStore } from '../../database/testing/testStore.ts'
import { PostgresQueue, type SqlRunner } from './postgresQueue.ts'
import { RECEIVE, RECLAIM } from './queueTable.ts'

const LEASE_MS = 60_000
const BACKLOG = 30_000
/**
 * A receive that reads the whole backlog reads more pages than this. A page holds about 100 of the
 * rows, and the index entries of the rows are on further pages.
 */
const PAGES_OF_THE_BACKLOG = 500
/** A reclaim writes 12 rows, and it reads the pages of 1,000 unreceived rows twice. */
const PAGES_OF_A_RECLAIM = 200
/**
 * A receive reads the pages of 1,000 settled rows and their part of the index, and updates 12 rows.
 */
const PAGES_OF_A_RECEIVE = 60

let store: TestStore
let link: DatabaseLink
let nowMs = 0
beforeAll(async () => {
  store = await openTestStore()
  link = store.link()
})
afterAll(() => store.drop())

test('reclaim reads the leased envelopes and not the backlog behind them', async () => {
  const name = 'test.reclaim'
  const queue = new PostgresQueue(link.database, link.wakeUps, 'one')
  await fill(name, BACKLOG)
  await queue.receive(name, 12, LEASE_MS)
  const { pages, rows } = await costOf(link.database, RECLAIM, [name, 'one', []])
  expect(rows).toBe(12)
  expect(pages).toBeLessThan(PAGES_OF_A_RECLAIM)
})

test('reclaim finds a lease behind 1,000 rows that were committed later', async () => {
  const name = 'test.late'
  const queue = new PostgresQueue(link.database, link.wakeUps, 'one')
  const late = await link.database.pool.connect()
  try {
    await late.query('begin')
    await late.query(FILL, [name, 1_000])
    await fill(name, 1)
    const [first] = await queue.receive(name, 1, LEASE_MS)
    await late.query('commit')
    await fill(name, BACKLOG)
    await queue.reclaim(name, [])
    const again = await queue.receive(name, 2_000, LEASE_MS)
    expect(again.find(({ id }) => id === first?.id)).toMatchObject({ receives: 2 })
  } finally {
    late.release()
  }
})

test('a receive skips settled rows that an old snapshot keeps in the table', async () => {
  const name = 'test.settled'
  const asked: unknown[][] = []
  const sql: SqlRunner = {
    run: (statement, values = []) => {
      if (statement.name === RECEIVE.name) asked.push([...values])
      return link.database.run(statement, values)
    },
  }
  const queue = new PostgresQueue(sql, link.wakeUps, 'one', () => nowMs)
  const holder = await link.database.pool.connect()
  try {
    await fill(name, BACKLOG)
    await holder.query('begin isolation level repeatable read')
    await holder.query('select count(*) from queue_envelopes')
    await link.database.pool.query('delete from queue_envelopes where queue = $1', [name])
    await fill(name, 100)
    await queue.receive(name, 1, LEASE_MS)
    await queue.receive(name, 1, LEASE_MS)
    expect(asked).toHaveLength(2)
    const [whole, fromFloor] = asked
    expect((await costOf(link.database, RECEIVE, whole ?? [])).pages).toBeGreaterThan(
      PAGES_OF_THE_BACKLOG,
    )
    expect((await costOf(link.database, RECEIVE, fromFloor ?? [])).pages).toBeLessThan(
      PAGES_OF_A_RECEIVE,
    )
  } finally {
    await holder.query('rollback')
    holder.release()
  }
})

// The search floor is the id at which a receive starts to look for visible envelopes.
test('an entry far below the search floor is received after one second', async () => {
  const name = 'test.below'
  const queue = new PostgresQueue(link.database, link.wakeUps, 'one', () => nowMs)
  const other = new PostgresQueue(link.database, link.wakeUps, 'two')
  await fill(name, 2)
  const [low, lower] = await other.receive(name, 2, LEASE_MS)
  if (!low || !lower) throw new Error('expected two entries')
  await fill('test.elsewhere', BACKLOG)
  await fill(name, 5)
  const receive = async () => (await queue.receive(name, 1, LEASE_MS)).map(({ id }) => id)
  const giveBack = (entry: typeof low) =>
    other.settle([{ entry, settlement: { kind: 'retry', delayMs: 0 } }])

  expect(await receive()).not.toContain(low.id)
  await giveBack(low)
  nowMs += 999
  expect(await receive()).not.toContain(low.id)
  nowMs += 1
  expect(await receive()).toEqual([low.id])

  // The same applies to an empty queue, which is not searched from the start on every receive.
  nowMs += 1_000
  expect(await receive()).toHaveLength(1)
  await giveBack(lower)
  for (let times = 0; times < 2; times++) expect(await receive()).toHaveLength(1)
  expect(await receive()).toEqual([])
  nowMs += 1_000
  expect(await receive()).toEqual([lower.id])
})

test('an entry that the same process returned to the queue is received next', async () => {
  const name = 'test.back'
  const queue = new PostgresQueue(link.database, link.wakeUps, 'one', () => nowMs)
  await fill(name, 2)
  const [low, reclaimed] = await queue.receive(name, 2, LEASE_MS)
  if (!low || !reclaimed) throw new Error('expected two entries')
  await fill('test.elsewhere', BACKLOG)
  await fill(name, 5)
  // The next receive searches the whole queue and raises the floor above both entries.
  nowMs += 1_000
  await queue.receive(name, 1, LEASE_MS)
  await queue.settle([{ entry: low, settlement: { kind: 'retry', delayMs: 0 } }])
  expect(await queue.receive(name, 1, LEASE_MS)).toMatchObject([{ id: low.id }])
  nowMs += 1_000
  await queue.receive(name, 1, LEASE_MS)
  await queue.reclaim(name, [])
  expect(await queue.receive(name, 2, LEASE_MS)).toMatchObject([
    { id: low.id },
    { id: reclaimed.id },
  ])
})

const FILL = `insert into queue_envelopes (queue, payload, messages)
  select $1, '\\x00', 1 from generate_series(1, $2::int)`

async function fill(queue: string, envelopes: number): Promise<void> {
  await link.database.pool.query(FILL, [queue, envelopes])
  await link.database.pool.query('analyze queue_envelopes')
}
