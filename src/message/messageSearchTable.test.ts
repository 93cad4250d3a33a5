import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, openDatabase } from '../database/database.ts'
import { openTestStore, type TestStore } from '../database/testing/testStore.ts'
import { firstIdAt, newMessageId } from './ids.ts'
import { extendSearch, findMessages, limitSearch } from './messageSearchTable.ts'
import { applyTransitions } from './messageTable.ts'

type Run = Database['run']

const DAY_MS = 24 * 3_600_000
const MESSAGES = 60_000
/** The messages start at this time and are 100 ms apart, so all of them belong to the same day. */
const DAY_START_MS = Math.floor(Date.now() / DAY_MS) * DAY_MS
const TODAY = { from: firstIdAt(DAY_START_MS), below: firstIdAt(DAY_START_MS + DAY_MS) }
/** The server releases a connection's locks shortly after the connection ends. */
const POLL = { timeout: 10_000 }
const MORE = 1_000

let store: TestStore
let run: Run
let database: Database

beforeAll(async () => {
  store = await openTestStore()
  database = store.link().database
  run = database.run
  await addMessages(1, MESSAGES)
  while ((await extendSearch(run, 10)) > 0);
  await database.pool.query('vacuum analyze messages')
})
afterAll(() => store.drop())

/**
 * Adds one message for each n from `first` to `last`. The destination of message n is 31610000000 +
 * n. The source of every third message is 43660000000 + n. The source of any other message is the
 * name of one of 40 shops.
 */
async function addMessages(first: number, last: number): Promise<void> {
  await database.pool.query(
    `insert into messages (message_id, account, user_id, connector, source_addr, destination_addr,
        submit_sm, registered_delivery, state, state_rank, attempts, accepted_at)
      select (left(replace(uuid_at(at)::text, '-', ''), 12) || '7' ||
          substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15))::uuid,
        'account-' || n % 50, 'user-' || n % 200, 'north',
        case when n % 3 = 0 then (43660000000 + n)::text else 'shop-' || n % 40 end,
        (31610000000 + n)::text, decode(repeat('ab', 120), 'hex'), 1, 2, 10, 1, at
      from generate_series($1::int, $2::int) as n,
        lateral (select to_timestamp($3 / 1000.0) + n * interval '100 ms' as at) as t`,
    [first, last, DAY_START_MS],
  )
}

function find(digits: string): Promise<string[]> {
  return database.transaction(async (inside) => {
    await limitSearch(inside, 5_000)
    const found = await findMessages(inside, TODAY, { number: { digits, written: undefined } }, 10)
    return found.map(({ destination_addr }) => destination_addr)
  })
}

/** Returns the server's plan for a search with these values. */
function planOf(values: string): Promise<string> {
  return database.transaction(async (inside) => {
    await limitSearch(inside, 5_000)
    await findMessages(inside, TODAY, {}, 1)
    const explain = `explain (costs off) execute "messageSearch.find" (
      '${TODAY.from}', '${TODAY.below}', ${values})`
    const lines = await inside<{ 'QUERY PLAN': string }>({ name: '', text: explain })
    return lines.map((line) => line['QUERY PLAN']).join('\n')
  })
}

test('a search for a number uses the index for both destinations and sources', async () => {
  const plan = await planOf(`'31610000777', null, null, null, 50`)
  expect(plan).not.toMatch(/Seq Scan|Index Scan using/)
  expect(plan).toMatch(/Index Cond: .*message_id >= .*destination_addr = '31610000777'/)
  expect(plan).toMatch(/Index Cond: .*message_id >= .*source_addr = '31610000777'/)
})

test('a search for an account uses the index', async () => {
  const plan = await planOf(`null, null, 'nobody', null, 50`)
  expect(plan).not.toMatch(/Seq Scan|Index Scan using/)
  expect(plan).toMatch(/Bitmap Index Scan on messages_.*\n *Index Cond: .*account = 'nobody'/)
})

test('a transition finds its message by the primary key and not by the search index', async () => {
  const transition = {
    messageId: newMessageId(),
    state: 2,
    rank: 10,
    error: '000',
    commandStatus: undefined,
    stat: undefined,
    endedBy: undefined,
    doneAtMs: 0,
  } as const
  const plan = await database.transaction(async (inside) => {
    await applyTransitions(inside, [transition])
    const known = await inside<{ statement: string }>({
      name: '',
      text: `select statement from pg_prepared_statements where name = 'messages.transition'`,
    })
    const explain = `explain (generic_plan, costs off) ${known[0]?.statement}`
    const lines = await inside<{ 'QUERY PLAN': string }>({ name: '', text: explain })
    return lines.map((line) => line['QUERY PLAN']).join('\n')
  })
  expect(plan).not.toMatch(/Seq Scan|Bitmap/)
  expect(plan).toMatch(/Index Scan using messages_\d+_pkey on .*\n *Index Cond: \(message_id = /)
})

test('a search for a number reads at most 512 of over 3,000 pages', async () => {
  const { rows } = await database.pool.query<{ pages: number }>(
    `select sum(pg_relation_size(inhrelid) / 8192)::int as pages from pg_inherits
      where inhparent = 'messages'::regclass`,
  )
  const pages = rows[0]?.pages ?? 0
  expect(pages).toBeGreaterThan(3_000)
  const explained = await database.pool.query<{ 'QUERY PLAN': string }>(
    `explain (analyze, costs off, timing off)
      select from messages where message_id >= '${TODAY.from}'
        and (destination_addr = '31610000777' or source_addr = '31610000777')`,
  )
  const plan = explained.rows.map((line) => line['QUERY PLAN']).join('\n')
  // A filter covers 128 pages. A search reads the 128 pages that hold the number, up to 256 pages
  // that have no filter yet, and 128 pages if one other filter matches by chance.
  expect(Number(/Heap Blocks:.* lossy=(\d+)/.exec(plan)?.[1])).toBeLessThanOrEqual(128 + 256 + 128)
})

test('a message is found by its number whether or not its page has a filter yet', async () => {
  const numbers = [1, 2_000, 30_001, MESSAGES].map((n) => String(31_610_000_000 + n))
  for (const number of numbers) expect(await find(number)).toEqual([number])
  // Every third message has a number as its source.
  expect(await find(String(43_660_000_000 + 3_000))).toEqual(['31610003000'])
  expect(await find('31600000000')).toEqual([])
})

test('a newly added message can be found immediately', async () => {
  await addMessages(MESSAGES + 1, MESSAGES + MORE)
  const last = String(31_610_000_000 + MESSAGES + MORE)
  expect(await find(last)).toEqual([last])
})

test('extendSearch makes filters for full pages, in steps of the given size', async () => {
  await addMessages(MESSAGES + MORE + 1, MESSAGES + MORE + 10_000)
  expect(await extendSearch(run, 2)).toBe(2)
  while ((await extendSearch(run, 2)) > 0);
  const { rows } = await database.pool.query<{ left: number }>(
    `select (pg_relation_size(partition::regclass) / 8192 - pages)::int as left
      from message_search_progress where pages > 0`,
  )
  for (const { left } of rows) {
    expect(left).toBeGreaterThanOrEqual(128)
    expect(left).toBeLessThan(256)
  }
  expect(rows).toHaveLength(1)
})

test('extendSearch skips a partition that a vacuum has locked, without waiting', async () => {
  await addMessages(MESSAGES + 20_001, MESSAGES + 30_000)
  const client = await database.pool.connect()
  // The statement time-out of 3 s would end a statement that waits for the vacuum.
  const limits = { idleMs: 5_000, lockMs: 0, statementMs: 3_000, answerMs: 10_000 }
  const { databaseUrl } = store
  const impatient = openDatabase({ databaseUrl, poolSize: 1, applicationName: 'test', limits })
  try {
    await client.query('begin')
    await client.query('set local idle_in_transaction_session_timeout = 0')
    // A vacuum takes the same lock.
    await client.query('lock table messages in share update exclusive mode')
    expect(await extendSearch(impatient.run, 100)).toBe(0)
  } finally {
    client.release(true)
    await impatient.close()
  }
  await expect.poll(() => extendSearch(run, 100), POLL).toBeGreaterThan(0)
})

test('the search progress of a dropped partition is deleted', async () => {
  await database.pool.query(`insert into message_search_progress values ('messages_20200101', 9)`)
  await extendSearch(run, 1)
  const { rows } = await database.pool.query(
    `select from message_search_progress where partition = 'messages_20200101'`,
  )
  expect(rows).toEqual([])
})

test('a new partition of messages gets the index of numbers', async () => {
  await run({
    name: '',
    text: `select ensure_partitions(now() + interval '9 days', now() + interval '9 days')`,
  })
  const { rows } = await database.pool.query<{ missing: number }>(
    `select (select count(*) from pg_inherits where inhparent = 'messages'::regclass)::int -
      (select count(*) from pg_inherits where inhparent = 'messages_by_number'::regclass)::int
      as missing`,
  )
  expect(rows).toEqual([{ missing: 0 }])
})
