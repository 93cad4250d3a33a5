import type { PoolClient } from 'pg'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import type { DatabaseLink } from '../../components/databaseLink.ts'
import { openDatabase } from '../../database/database.ts'
import { openTestStore, type TestStore } from '../../database/testing/testStore.ts'
import type { SqlRunner } from './postgresQueue.ts'
import { QueueDepths, type QueueDepthsOptions } from './queueDepths.ts'

const BACKLOG = 30_000
/** A page holds about 100 of these rows. */
const PAGES_OF_THE_BACKLOG = 300
/** A reading covers the first slices of a queue, and the tail. */
const PAGES_OF_A_READING = 60
const TEN_MINUTES_MS = 600_000

let store: TestStore
let link: DatabaseLink
let nowMs = 0
beforeAll(async () => {
  store = await openTestStore()
  link = store.link()
})
beforeEach(() => link.database.pool.query('truncate queue_envelopes'))
afterAll(() => store.drop())

/**
 * Returns a function that reads the depths. By default, every committed envelope is old enough to
 * be counted in a slice that later readings remember.
 */
function depthsOf({ sql, ...options }: QueueDepthsOptions & { sql?: SqlRunner } = {}) {
  const depths = new QueueDepths(sql ?? link.database, { now: () => nowMs, youngMs: 0, ...options })
  /** One text per queue: `journal 3/30` means 3 envelopes with 30 messages. */
  return async () =>
    (await depths.read())
      .map(({ envelopes, messages, queue }) => `${queue} ${envelopes}/${messages}`)
      .toSorted()
}

async function fill(queue: string, envelopes: number, age = '1 minute'): Promise<void> {
  const text = `insert into queue_envelopes (queue, payload, messages, published_at)
    select $1, '', 10, now() - $3::interval from generate_series(1, $2::int)`
  await link.database.pool.query(text, [queue, envelopes, age])
}

/** Keeps the first `after` envelopes of a queue, and deletes the next envelopes by id. */
async function take(queue: string, envelopes: number, after = 0): Promise<void> {
  const text = `delete from queue_envelopes where queue = $1 and id = any(array(
    select id from queue_envelopes where queue = $1 order by id offset $3 limit $2))`
  await link.database.pool.query(text, [queue, envelopes, after])
}

/** Begins a transaction, which is rolled back at the end of the test unless it was committed. */
async function begin(how = ''): Promise<PoolClient> {
  const client = await link.database.pool.connect()
  onTestFinished(async () => {
    await client.query('rollback')
    client.release()
  })
  await client.query('set idle_in_transaction_session_timeout = 0')
  await client.query(`begin ${how}`)
  return client
}

test('the depth follows every publication and removal of envelopes', async () => {
  const read = depthsOf()
  expect(await read()).toEqual([])
  await fill('a', 5_000)
  await fill('b', 3)
  await fill('a', 1_000, '0')
  expect(await depthsOf()()).toEqual(['a 6000/60000', 'b 3/30'])
  await fill('c', 2, '0')
  const follow = depthsOf()
  await follow()
  for (const [taken, left] of [
    [1, 5_999],
    [1_500, 4_499],
    [300, 4_199],
  ]) {
    // Three envelopes remain in the first slice.
    await take('a', taken ?? 0, 3)
    expect(await follow()).toEqual([`a ${left}/${left}0`, 'b 3/30', 'c 2/20'])
  }
  await fill('a', 700, '0')
  await take('b', 3)
  expect(await follow()).toEqual(['a 4899/48990', 'c 2/20'])
  await take('a', 4_899)
  expect(await follow()).toEqual(['c 2/20'])
})

test('the age of a queue is the age of its oldest remaining envelope', async () => {
  const depths = new QueueDepths(link.database, { youngMs: 0 })
  const age = async () => (await depths.read())[0]?.oldestAgeSeconds
  await fill('a', 1, '3 minutes')
  await fill('a', 500, '1 minute')
  expect(await age()).toBeGreaterThanOrEqual(180)
  await take('a', 1)
  expect(await age()).toBeGreaterThanOrEqual(60)
  expect(await age()).toBeLessThan(180)
})

test('an envelope committed after others with higher ids is counted', async () => {
  const read = depthsOf({ youngMs: 20_000 })
  const late = await begin()
  await late.query(`insert into queue_envelopes (queue, payload, messages) values ('a', '', 1)`)
  await fill('a', 2, '0')
  expect(await read()).toEqual(['a 2/20'])
  await late.query('commit')
  expect(await read()).toEqual(['a 3/21'])
})

test('envelopes removed from the middle of a queue are noticed after ten minutes', async () => {
  const read = depthsOf()
  await fill('a', 2_000)
  await read()
  await take('a', 1_000, 800)
  nowMs += TEN_MINUTES_MS - 1
  expect(await read()).toEqual(['a 2000/20000'])
  nowMs += 1
  expect(await read()).toEqual(['a 1000/10000'])
})

test('after a failed reading, the next reading counts all envelopes', async () => {
  let isAway = false
  const sql: SqlRunner = {
    run: (statement, values) => {
      if (isAway && statement.name === 'queue.depthsTail') throw new Error('away')
      return link.database.run(statement, values)
    },
  }
  const read = depthsOf({ sql })
  await fill('a', 2_000)
  await read()
  await take('a', 1_000, 800)
  isAway = true
  await expect(read()).rejects.toThrow('away')
  isAway = false
  expect(await read()).toEqual(['a 1000/10000'])
})

test('with more than 100 queues each reading recounts 100 of them in turn', async () => {
  const read = depthsOf()
  const text = `insert into queue_envelopes (queue, payload, messages, published_at)
    select 'q' || n, '', 1, now() - interval '1 minute' from generate_series(1, 250) as n`
  await link.database.pool.query(text)
  expect(await read()).toHaveLength(250)
  await link.database.pool.query('delete from queue_envelopes')
  expect(await read()).toHaveLength(150)
  expect(await read()).toHaveLength(50)
  expect(await read()).toEqual([])
})

test('the cost of a reading does not depend on the length of the queue', async () => {
  const { pages, sql } = counted()
  const read = depthsOf({ sql })
  await fill('a', BACKLOG)
  await read()
  expect(await pages()).toBeGreaterThan(PAGES_OF_THE_BACKLOG)
  await take('a', 100)
  await fill('a', 100, '0')
  expect(await read()).toEqual([`a ${BACKLOG}/${BACKLOG}0`])
  expect(await pages()).toBeLessThan(PAGES_OF_A_READING)
})

test('a reading skips settled envelopes that an old snapshot keeps in the table', async () => {
  const { pages, sql } = counted()
  const read = depthsOf({ sql })
  await fill('a', BACKLOG)
  await fill('b', 1)
  const holder = await begin('isolation level repeatable read')
  await holder.query('select count(*) from queue_envelopes')
  await take('a', BACKLOG)
  await fill('a', 1, '0')
  expect(await read()).toEqual(['a 1/10', 'b 1/10'])
  expect(await pages()).toBeGreaterThan(PAGES_OF_THE_BACKLOG)
  await fill('a', 1, '0')
  expect(await read()).toEqual(['a 2/20', 'b 1/10'])
  expect(await pages()).toBeLessThan(PAGES_OF_A_READING)
})

test('a plan made for the empty table does not scan the table when it is large', async () => {
  const planned = openDatabase({
    databaseUrl: store.databaseUrl,
    poolSize: 1,
    applicationName: 'test',
  })
  onTestFinished(() => planned.close())
  await link.database.pool.query('vacuum analyze queue_envelopes')
  await planned.transaction(async (run) => {
    const read = depthsOf({ sql: { run } })
    // After five executions PostgreSQL may reuse one plan for all values.
    for (let time = 0; time < 10; time++) await read()
    await fill('a', BACKLOG)
    nowMs += TEN_MINUTES_MS
    expect(await read()).toEqual([`a ${BACKLOG}/${BACKLOG}0`])
    expect(await read()).toEqual([`a ${BACKLOG}/${BACKLOG}0`])
    expect(await run(SCANS)).toEqual([{ rows: 0 }])
  })
})

const SCANS = {
  name: 'test.scans',
  text: `select seq_tup_read::int as rows from pg_stat_xact_user_tables
    where relname = 'queue_envelopes'`,
}

/** Returns an SqlRunner, and a function that counts the pages that its statements have read. */
function counted(): { sql: SqlRunner; pages: () => Promise<number> } {
  const asked: { text: string; values: readonly unknown[] }[] = []
  const sql: SqlRunner = {
    run: (statement, values = []) => {
      asked.push({ text: statement.text, values: [...values] })
      return link.database.run(statement, values)
    },
  }
  const pages = async () => {
    let sum = 0
    for (const { text, values } of asked.splice(0)) sum += await pagesOf(text, values)
    return sum
  }
  return { sql, pages }
}

interface PlanNode {
  'Shared Hit Blocks': number
  'Shared Read Blocks': number
}

async function pagesOf(text: string, values: readonly unknown[]): Promise<number> {
  const { rows } = await link.database.pool.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
    `explain (analyze, buffers, format json) ${text}`,
    [...values],
  )
  const plan = rows[0]?.['QUERY PLAN'][0].Plan
  if (!plan) throw new Error('the server returned no plan')
  return plan['Shared Hit Blocks'] + plan['Shared Read Blocks']
}
