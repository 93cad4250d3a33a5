// The SQL statements of the PostgreSQL queue adapter. No other file names the tables
// queue_envelopes and queue_batches.

import { INSERT_DEAD_LETTERS } from '../deadLetterTable.ts'

export const PUBLISH = {
  name: 'queue.publish',
  text: `insert into queue_envelopes (queue, payload, messages)
    select * from unnest($1::text[], $2::bytea[], $3::int[])`,
}
export const PUBLISH_ONCE = {
  name: 'queue.publishOnce',
  // If no row is returned, the function was not called, because the deadline $6 had passed.
  text: `select publish_once($1::uuid[], $2::bytea[], $3::text[], $4::bytea[], $5::int[])
    where $6::timestamptz is null or now() <= $6::timestamptz`,
}
export const ANSWERS = {
  name: 'queue.answers',
  text: 'select batch_id, answer from queue_batches where batch_id = any($1::uuid[])',
}
export const RECEIVE = {
  name: 'queue.receive',
  // octet_length() reads only the header of a payload, not the payload itself.
  text: `with visible as (
      select id, octet_length(payload) as octets from queue_envelopes
      where queue = $1 and id >= $6 and visible_at <= now()
      order by id limit $2 for update skip locked),
    next as (
      select id from (
        select id, octets, sum(octets) over (order by id) as total from visible) as summed
      where $5::float8 is null or total - octets < $5)
    update queue_envelopes as e
      set visible_at = now() + $3 * interval '1 ms', receives = e.receives + 1, leased_by = $4
    where e.queue = $1 and e.id = any(array(select id from next))
    returning e.id, e.payload, e.receives`,
}
export const EXTEND = {
  name: 'queue.extend',
  text: `update queue_envelopes set visible_at = now() + $3 * interval '1 ms'
    where queue = $1 and id = any($2::bigint[]) and leased_by = $4`,
}
export const RECLAIM = {
  name: 'queue.reclaim',
  // Envelopes are received in the order of their ids. So every row with a lower id than a leased
  // row was received before, unless it was locked or not yet committed when the leased row was
  // received. The statement stops after a thousand rows that were never received, because the rows
  // behind them are backlog. A lease that the statement misses expires by itself.
  text: `update queue_envelopes set visible_at = now()
    where queue = $1 and leased_by = $2 and visible_at > now() and id <> all($3::bigint[])
      and id <= coalesce(
        (select id from queue_envelopes where queue = $1 and receives = 0
          order by id offset 1000 limit 1),
        9223372036854775807)`,
}
export const DONE = {
  name: 'queue.done',
  // An id belongs to exactly one queue, so the (queue, id) pairs need not be compared.
  text: 'delete from queue_envelopes where queue = any($1::text[]) and id = any($2::bigint[])',
}
export const RETRY = {
  name: 'queue.retry',
  text: `update queue_envelopes as e set visible_at = now() + settled.delay * interval '1 ms'
    from unnest($1::text[], $2::bigint[], $3::float8[]) as settled (queue, id, delay)
    where e.queue = any($1::text[]) and e.id = any($2::bigint[]) and e.id = settled.id
      and e.leased_by = $4`,
}
export const DEAD = {
  name: 'queue.dead',
  text: `with gone as (
      delete from queue_envelopes as e
      using unnest($1::text[], $2::bigint[], $3::text[]) as settled (queue, id, reason)
      where e.queue = any($1::text[]) and e.id = any($2::bigint[]) and e.id = settled.id
      returning e.queue, e.payload, settled.reason, e.receives)
    ${INSERT_DEAD_LETTERS} select * from gone`,
}
// Migration 0026 defines the functions used below.
const SLICE = `first, last, envelopes, messages,
      extract(epoch from oldest)::float8 * 1000 as "oldestMs"`

export const DEPTHS_BOUNDARY = {
  name: 'queue.depthsBoundary',
  text: `select extract(epoch from now())::float8 * 1000 as "atMs",
      (select id::float8 from queue_envelopes
        where published_at < now() - $1::float8 * interval '1 ms'
        order by published_at desc limit 1) as id`,
}
export const DEPTHS_WALK = {
  name: 'queue.depthsWalk',
  text: `select queue, ${SLICE}
    from queue_slices($1::text, $2::bigint, $3::bigint, $4::int, $5::int)`,
}
export const DEPTHS_TAIL = {
  name: 'queue.depthsTail',
  // The join returns one row with the time even if the tail is empty.
  text: `select extract(epoch from now())::float8 * 1000 as "atMs", queue, is_old as "isOld",
      ${SLICE}
    from (select) as one left join
      queue_tail($1::bigint, to_timestamp($2::float8 / 1000), $3::float8, $4::int) on true`,
}
export const DEPTHS_RECOUNT = {
  name: 'queue.depthsRecount',
  text: `select ${SLICE} from queue_recount($1::text[], $2::bigint[], $3::bigint[])`,
}
// `pg` returns the bigint results of count() and sum() as text. The casts turn them into numbers.
export const MESSAGES_ON = {
  name: 'queue.messagesOn',
  text: `select coalesce(sum(messages), 0)::float8 as messages from queue_envelopes
    where queue = any($1::text[])`,
}
export const FORGET_BATCHES = {
  name: 'queue.forgetBatches',
  // Batch ids are UUIDv7, and an id is always made before its batch is published. So batches that
  // were published long ago are among the first rows of the primary key.
  text: `delete from queue_batches
    where batch_id < uuid_at($2::timestamptz - $1 * interval '1 hour')
      and published_at < $2::timestamptz - $1 * interval '1 hour'
      and batch_id <> all($3::uuid[])`,
}
