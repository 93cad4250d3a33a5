import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, openDatabase } from '../../database/database.ts'
import { openTestStore, type TestStore } from '../../database/testing/testStore.ts'
import { postgresUpkeep } from '../../queue/postgres/postgresUpkeep.ts'
import { createMetrics } from '../../runtime/metrics.ts'
import { followOldestRows } from './followOldestRows.ts'

const HOURS = `(now() - interval '2 hours')`
const ROWS = 3_000
const FILL = `
  insert into messages (message_id, account, user_id, connector, source_addr, destination_addr,
      submit_sm, registered_delivery, state, state_rank, attempts, accepted_at)
    select uuid_at(${HOURS} + n * interval '1 ms'), 'a', 'u', 'c', '1', '2', '', 0, 1, 1, 1, now()
    from generate_series(0, ${ROWS}) as n;
  insert into outbox_acknowledged (message_id, outbox_id, user_id)
    select uuid_at(${HOURS} + n * interval '1 ms'), n, 'u' from generate_series(0, ${ROWS}) as n;
  insert into checkpoints (envelope_id, outcomes)
    select uuid_at(${HOURS} + n * interval '1 ms'), '' from generate_series(0, ${ROWS}) as n;
  insert into outbox (account, user_id, message_id, deliver_sm, expires_at, state, ended_at)
    select 'a', 'u', gen_random_uuid(), '', now(),
      case when n % 2 = 0 then 'pending' else 'expired' end,
      case when n % 2 = 1 then ${HOURS} + n * interval '1 ms' end
    from generate_series(1, ${ROWS}) as n;
  insert into dead_letters (queue, payload, reason, receives, at)
    select 'dlr', '', 'harm', 1, ${HOURS} + n * interval '1 ms'
    from generate_series(0, ${ROWS}) as n;
  insert into resources (kind, id, spec, revision, deleted)
    select 'user', n::text, '{}', n, n % 2 = 0 from generate_series(0, ${ROWS}) as n;
  analyze`

let store: TestStore
let database: Database
beforeAll(async () => {
  store = await openTestStore()
  const { databaseUrl } = store
  // The database is opened with the options that the exporters use, so that the planner chooses the
  // same plans.
  database = openDatabase({ databaseUrl, poolSize: 1, applicationName: 'test' })
})
afterAll(async () => {
  await database.close()
  await store.drop()
})

async function agesOnce(): Promise<Map<string, number>> {
  const metrics = createMetrics('exporters')
  const upkeep = postgresUpkeep(database)
  const stop = followOldestRows({
    metrics,
    database,
    upkeep,
    onTrouble: (what, error) => {
      throw new Error(what, { cause: error })
    },
  })
  const read = async () => {
    const text = await metrics.registry.metrics()
    const lines = text.matchAll(/^signalbox_oldest_row_age_seconds\{rows="(\w+)".*\} (\S+)$/gm)
    return new Map([...lines].map(([, rows = '', age]) => [rows, Number(age)]))
  }
  await expect.poll(async () => (await read()).size).toBe(6)
  stop()
  return read()
}

test('the age of the oldest row is read by an index scan; it is 0 without rows', async () => {
  expect([...(await agesOnce()).values()]).toEqual([0, 0, 0, 0, 0, 0])
  await database.pool.query(FILL)
  const ages = await agesOnce()
  for (const rows of [
    'messages',
    'acknowledged_deliveries',
    'undelivered',
    'dead_letters',
    'checkpoints',
  ])
    expect(ages.get(rows), rows).toBeGreaterThan(7_100)
  expect(ages.get('tombstones')).toBeGreaterThan(0)
  expect(ages.get('tombstones')).toBeLessThan(7_100)
  const { rows: statements } = await database.pool.query<{ name: string; statement: string }>(
    `select name, statement from pg_prepared_statements where name ilike '%oldest%'`,
  )
  expect(statements).toHaveLength(6)
  for (const { name, statement } of statements) {
    const { rows } = await database.pool.query<{ 'QUERY PLAN': string }>(
      `explain (costs off) ${statement}`,
    )
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
    expect(plan, name).toMatch(/Index (Only )?Scan/)
    // The plan may scan empty partitions without an index.
    expect(plan, name).not.toMatch(/Sort|Seq Scan on (outbox|dead_letters|resources|checkpoints) /)
  }
})
