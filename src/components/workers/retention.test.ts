import { afterAll, beforeEach, expect, test, vi } from 'vitest'
import type { Database } from '../../database/database.ts'
import { ensurePartitionsFor } from '../../database/partitionTable.ts'
import { openTestStore, type TestStore } from '../../database/testing/testStore.ts'
import { readResources, writeResources } from '../../platform/resourceTable.ts'
import { postgresUpkeep } from '../../queue/postgres/postgresUpkeep.ts'
import type { QueueUpkeep } from '../../queue/queue.ts'
import { maintain, type Retention } from './maintain.ts'

const DAY_MS = 86_400_000
const RETENTION: Retention = {
  receiptTtlHours: 72,
  retainMessagesDays: 20,
  retainAcknowledgedDays: 10,
  retainUndeliveredDays: 10,
  retainDeadLettersDays: 10,
  retainTombstonesDays: 10,
}
const stores: TestStore[] = []
let database: Database
let upkeep: QueueUpkeep

beforeEach(async () => {
  const store = await openTestStore()
  stores.push(store)
  database = store.link().database
  upkeep = postgresUpkeep(database)
})
afterAll(() => Promise.all(stores.map((store) => store.drop())))

/** Runs the query and returns the column `value` of its rows. */
async function column(text: string): Promise<string[]> {
  const { rows } = await database.pool.query<{ value: string }>(text)
  return rows.map(({ value }) => value)
}

const AGES = [30, 15, 9, 0]
const AGES_OF = `from unnest(array[${AGES.join(', ')}]) as age (days)`
const AT = `now() - days * interval '1 day'`
const MESSAGES = `insert into messages (message_id, account, user_id, connector, source_addr,
    destination_addr, submit_sm, registered_delivery, state, state_rank, attempts, accepted_at)
  select uuid_at(${AT}), days::text, 'u', 'c', '1', '2', '', 0, 1, 1, 1, ${AT} ${AGES_OF}`
const ATTEMPTS = `insert into message_attempts
  select uuid_at(${AT}), 1, 1, days::text, ${AT}, ${AT}, 88, ${AT}, 0, 0, 0 ${AGES_OF}`
const SUBMISSIONS = `insert into upstream_ids (connector, upstream_id, segment, message_id,
    destination, submitted_at) select days::text, 'id', 0, uuid_at(${AT}), '', ${AT} ${AGES_OF}`
const CHUNKS = `insert into acknowledged_chunks
  select uuid_at(${AT}), uuid_at(${AT}), '', 1, days::text ${AGES_OF}`
const ACKNOWLEDGED = `insert into outbox_acknowledged (message_id, outbox_id, user_id)
  select uuid_at(${AT}), 1, days::text ${AGES_OF}`
const ENDED = `insert into outbox (account, user_id, message_id, deliver_sm, expires_at, state,
    ended_at)
  select days::text, state, gen_random_uuid(), '', ${AT}, state,
    case when state <> 'pending' then ${AT} end
  ${AGES_OF} cross join unnest(array['pending', 'refused', 'expired']) as states (state)`
const DEAD_LETTERS = `insert into dead_letters (queue, payload, reason, receives, at)
  select days::text, '', 'harm', 1, ${AT} ${AGES_OF}`

const READ_MESSAGES = 'select account as value from messages order by message_id'
const READ_ATTEMPTS = 'select connector as value from message_attempts order by message_id'
const READ_SUBMISSIONS = 'select connector as value from upstream_ids order by message_id'
const READ_CHUNKS = 'select user_id as value from acknowledged_chunks order by message_id'
const READ_ACKNOWLEDGED = 'select user_id as value from outbox_acknowledged order by message_id'
const READ_ENDED = `select account || ' ' || state as value from outbox order by id`
const READ_DEAD_LETTERS = 'select queue as value from dead_letters order by id'

async function fill(): Promise<void> {
  await ensurePartitionsFor(
    database,
    AGES.map((days) => Date.now() - days * DAY_MS),
  )
  const all = [MESSAGES, ATTEMPTS, SUBMISSIONS, CHUNKS, ACKNOWLEDGED, ENDED, DEAD_LETTERS]
  for (const text of all) await database.pool.query(text)
}

test('partitions of messages and acknowledgements are dropped after their retention', async () => {
  await fill()
  // maintain() skips a table that autovacuum is working on, so a second call may be needed.
  await vi.waitFor(async () => {
    await maintain(database, upkeep, RETENTION)
    expect(await column(READ_MESSAGES)).toEqual(['15', '9', '0'])
    expect(await column(READ_ATTEMPTS)).toEqual(['15', '9', '0'])
    expect(await column(READ_SUBMISSIONS)).toEqual(['15', '9', '0'])
    expect(await column(READ_CHUNKS)).toEqual(['9', '0'])
    expect(await column(READ_ACKNOWLEDGED)).toEqual(['9', '0'])
  }, 10_000)
})

test('old refused and expired deliveries are removed, and pending ones are kept', async () => {
  await fill()
  await maintain(database, upkeep, RETENTION)
  const left = await column(READ_ENDED)
  expect(left.filter((one) => one.endsWith('pending'))).toHaveLength(AGES.length)
  expect(left.filter((one) => !one.endsWith('pending')).toSorted()).toEqual([
    '0 expired',
    '0 refused',
    '9 expired',
    '9 refused',
  ])
})

test('dead letters are removed after their retention', async () => {
  await fill()
  await maintain(database, upkeep, RETENTION)
  expect(await column(READ_DEAD_LETTERS)).toEqual(['9', '0'])
})

test('a retention of 0 days keeps everything', async () => {
  await fill()
  await maintain(database, upkeep, {
    receiptTtlHours: 72,
    retainMessagesDays: 0,
    retainAcknowledgedDays: 0,
    retainUndeliveredDays: 0,
    retainDeadLettersDays: 0,
    retainTombstonesDays: 0,
  })
  for (const text of [READ_MESSAGES, READ_SUBMISSIONS, READ_ACKNOWLEDGED, READ_DEAD_LETTERS])
    expect(await column(text)).toEqual(['30', '15', '9', '0'])
  expect(await column(READ_ENDED)).toHaveLength(3 * AGES.length)
})

test('the tombstone of a deleted resource is removed after its retention', async () => {
  const account = (id: string) => ({ kind: 'account', id, spec: { id } })
  await writeResources(database, ['long', 'lately', 'again', 'live'].map(account))
  await writeResources(
    database,
    ['long', 'lately', 'again'].map((id) => ({ kind: 'account', id, spec: undefined })),
  )
  // A trigger sets the time of each deletion, so it is disabled for this update.
  await database.pool.query(`alter table resources disable trigger user;
    update resources set deleted_at = now() - interval '11 days' where id in ('long', 'again');
    alter table resources enable trigger user`)
  await writeResources(database, [account('again')])
  await maintain(database, upkeep, RETENTION)
  const { rows } = await readResources(database, 1)
  expect(rows.map(({ id, deleted }) => [id, deleted])).toEqual([
    ['lately', true],
    ['again', false],
  ])
  expect((await readResources(database)).rows.map(({ id }) => id)).toEqual(['live', 'again'])
})

test('a failed step does not prevent the other steps, and its error is thrown', async () => {
  await fill()
  const failing: QueueUpkeep = {
    ...upkeep,
    maintain: () => Promise.reject(new Error('the broker is unavailable')),
  }
  await expect(maintain(database, failing, RETENTION)).rejects.toThrow('the broker is unavailable')
  expect(await column(READ_MESSAGES)).toEqual(['15', '9', '0'])
  expect(await column(READ_DEAD_LETTERS)).toEqual(['9', '0'])
})
