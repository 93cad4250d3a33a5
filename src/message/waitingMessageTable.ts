import assert from 'node:assert'
import type { Database } from '../database/database.ts'

// Messages that wait for another attempt are stored in this table, as envelopes with the time at
// which they are due and the queue to which they return. An envelope gets its id before it is
// stored, so storing it repeatedly creates only one row.
//
// An envelope leaves the table in three steps. A process may be suspended between any two steps,
// for any length of time:
// 1. A process claims the row, which marks the row as leaving. A leaving row can be claimed again
//    once the former claim has ended.
// 2. The process publishes the envelope under the envelope's id. The queue refuses the publication
//    if the claim has ended, or if it remembers the id from an earlier publication.
// 3. The process deletes the row, unless another process has claimed the row in the meantime.
// The queue remembers the ids of leaving rows at least until the rows are deleted. Thus a claimant
// that was suspended after step 1 cannot publish the envelope a second time. Any other code that
// deletes or changes rows must skip leaving rows.

export interface LaterEntry {
  envelopeId: string
  dueAtMs: number
  queue: string
  payload: Buffer
  messages: number
}

const PUT = {
  name: 'later.put',
  // The due time is set by the database's clock, because the writer's clock may differ.
  text: `insert into later (envelope_id, due_at, queue, payload, messages)
    select id, now() + in_ms * interval '1 ms', queue, payload, messages
    from unnest($1::uuid[], $2::float8[], $3::text[], $4::bytea[], $5::int[])
      as entry (id, in_ms, queue, payload, messages)
    on conflict do nothing`,
}

/** @param nowMs the present time by the clock that set the due times of the entries */
export async function putLater(
  run: Database['run'],
  entries: readonly LaterEntry[],
  nowMs = Date.now(),
): Promise<void> {
  if (entries.length === 0) return
  await run(PUT, [
    entries.map((entry) => entry.envelopeId),
    entries.map((entry) => entry.dueAtMs - nowMs),
    entries.map((entry) => entry.queue),
    entries.map((entry) => entry.payload),
    entries.map((entry) => entry.messages),
  ])
}

// Each queue with claimable rows gets the same share, so that no queue waits behind the backlog of
// another queue. The time of a claim is cut to milliseconds, so that it survives the round trip
// through JavaScript unchanged. `bounded` lists each queue with the earliest and latest due times
// to claim.
const CLAIM_BOUNDED = `
    ready as materialized (
      select name, due_from, due_until from bounded, lateral (
        select from later where queue = name and due_at >= due_from and due_at <= due_until
        order by due_at limit 1) as first),
    share as (select greatest(1, $1::int / greatest(1, count(*)))::int as size from ready),
    due as (
      select taken.envelope_id from ready, lateral (
        select envelope_id from later, claim
        where queue = ready.name and due_at >= ready.due_from and due_at <= ready.due_until
          and (leaving_at is null or leaving_at < claim.at - $2 * interval '1 ms')
        order by due_at limit (select size from share) for update of later skip locked) as taken)
    update later
    set leaving_at = claim.at, due_at = case when due_at > now() then claim.at else due_at end
    from claim where envelope_id = any(array(select envelope_id from due))
    returning envelope_id as "envelopeId", queue, payload, messages, due_at as "dueAt",
      leaving_at as "claimedAt"`

const CLAIM = {
  name: 'later.claim',
  // `queues` uses the index to skip from one queue to the next, without reading the rows in
  // between.
  text: `with recursive claim as (select date_trunc('milliseconds', now()) as at),
    queues (name) as (
      (select queue from later order by queue limit 1)
      union all
      select next.queue from queues, lateral (
        select queue from later where queue > queues.name order by queue limit 1) as next),
    bounded as (
      select name, '-infinity'::timestamptz as due_from,
        case when name = any($3::text[]) then 'infinity' else now() end as due_until
      from queues), ${CLAIM_BOUNDED}`,
}

const CLAIM_NEXT = {
  name: 'later.claimNext',
  text: `with claim as (select date_trunc('milliseconds', now()) as at),
    bounded as (
      select name, to_timestamp(from_ms / 1000) as due_from,
        case when name = any($3::text[]) then 'infinity' else now() end as due_until
      from unnest($4::text[], $5::float8[]) as place (name, from_ms)), ${CLAIM_BOUNDED}`,
}

export type LeavingEntry = Omit<LaterEntry, 'dueAtMs'> & {
  dueAt: Date
  /** When the envelope was claimed, by the database's clock. */
  claimedAt: Date
}

/**
 * Claims about `max` due envelopes, the same number from each queue. No other process can claim
 * them for `claimMs`.
 *
 * @param clearedQueues queues whose envelopes are all due now, whatever their stored due times
 */
export function claimDue(
  database: Database,
  max: number,
  claimMs: number,
  clearedQueues: readonly string[] = [],
): Promise<LeavingEntry[]> {
  return database.run<LeavingEntry>(CLAIM, [max, claimMs, clearedQueues])
}

/**
 * Like claimDue, but claims only from the queues in `from`, and only envelopes due no earlier than
 * the given time in ms since the epoch. This avoids slow searches. While a long query of another
 * client holds an old snapshot, a search from the start of a queue must read every row that was
 * deleted after that snapshot. With 125,000 deleted rows, such a search takes 85 ms.
 */
export function claimNext(
  database: Database,
  max: number,
  claimMs: number,
  clearedQueues: readonly string[],
  from: ReadonlyMap<string, number>,
): Promise<LeavingEntry[]> {
  return database.run<LeavingEntry>(CLAIM_NEXT, [
    max,
    claimMs,
    clearedQueues,
    [...from.keys()],
    [...from.values()],
  ])
}

const REMOVE = {
  name: 'later.remove',
  text: `delete from later using unnest($1::uuid[], $2::float8[]) as left_at (id, claimed_ms)
    where envelope_id = any($1::uuid[]) and envelope_id = left_at.id
      and leaving_at = to_timestamp(left_at.claimed_ms / 1000)`,
}

/** Deletes published envelopes. An envelope that was claimed again is left to its new claimant. */
export async function removeLeft(database: Database, entries: readonly LeavingEntry[]) {
  if (entries.length === 0) return
  await database.run(REMOVE, [
    entries.map(({ envelopeId }) => envelopeId),
    entries.map(({ claimedAt }) => claimedAt.getTime()),
  ])
}

const LEAVING = {
  name: 'later.leaving',
  text: `select now() as "asOf", array(
      select envelope_id::text from later where due_at <= now() and leaving_at is not null
    ) as "envelopeIds"`,
}

export interface LeavingEnvelopes {
  /** When the rows were read, by the database's clock. */
  asOf: Date
  envelopeIds: string[]
}

/** Reads the ids of the leaving envelopes, which the queue must remember. */
export async function leavingEnvelopes(database: Database): Promise<LeavingEnvelopes> {
  const [row] = await database.run<LeavingEnvelopes>(LEAVING)
  assert(row, 'a SELECT without a FROM clause returns one row')
  return row
}

// A trigger records the change of the count for each statement that adds or removes rows (migration
// 0021). So counting never reads the rows themselves, of which there may be millions. sum() gives a
// bigint, which `pg` returns as text, so the result is cast to float8.
const COUNT = {
  name: 'later.count',
  text: 'select coalesce(sum(messages), 0)::float8 as messages from later_counts',
}
const COUNT_OF = {
  name: 'later.countOf',
  text: `select coalesce(sum(messages), 0)::float8 as messages from later_counts
    where queue = any($1::text[])`,
}

/** Counts the messages that wait for another attempt, in the given queues or in all queues. */
export async function countWaiting(
  run: Database['run'],
  queues?: readonly string[],
): Promise<number> {
  const statement = queues ? COUNT_OF : COUNT
  const [row] = await run<{ messages: number }>(statement, queues ? [queues] : [])
  return row?.messages ?? 0
}

const COUNT_BY_QUEUE = {
  name: 'later.countByQueue',
  text: `select queue, sum(messages)::float8 as messages from later_counts group by queue`,
}

/** Counts the waiting messages by the queue to which they return. */
export async function countWaitingByQueue(
  run: Database['run'],
): Promise<ReadonlyMap<string, number>> {
  const rows = await run<{ queue: string; messages: number }>(COUNT_BY_QUEUE)
  return new Map(rows.map(({ messages, queue }) => [queue, messages]))
}

const FOLD = {
  name: 'later.fold',
  // This is a single statement, so that a concurrent count sees either the old rows or their sum.
  text: `with long as (select queue from later_counts group by queue having count(*) > $1),
    old as (
      select id from later_counts where queue in (select queue from long)
      order by id limit $2 for update skip locked),
    gone as (
      delete from later_counts where id = any(array(select id from old))
      returning queue, messages)
    insert into later_counts (queue, messages)
      select queue, sum(messages) from gone group by queue having sum(messages) <> 0`,
}
const COUNTS_OF_A_QUEUE_MAX = 100
const FOLDED_MAX = 20_000

/** For each queue with more than 100 rows of counts, replaces the rows with their sum. */
export async function foldWaitingCounts(database: Database): Promise<void> {
  await database.run(FOLD, [COUNTS_OF_A_QUEUE_MAX, FOLDED_MAX])
}
