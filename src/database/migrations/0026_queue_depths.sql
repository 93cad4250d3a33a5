-- The newest envelopes of all queues, so that a reading of the depths finds what was published
-- since the one before it without knowing the queues.
create index queue_envelopes_by_time on queue_envelopes (published_at);

-- These functions read by index whatever the planner believes: a connection keeps the plan that it
-- made for an empty table, and that plan would read the whole table for each slice.

-- The envelopes from `from_id` on that were published since then, counted in slices of each queue.
-- Slices up to the last envelope that is older than `young_ms` are old, and the others are not.
-- With `+ 0` the planner cannot choose the primary key, which it would read from end to end: 2 s
-- for a million envelopes.
create function queue_tail(from_id bigint, since timestamptz, young_ms float8, slice_rows int)
returns table (
  queue text, first float8, last float8, envelopes float8, messages float8, oldest timestamptz,
  is_old boolean
) language sql stable set enable_seqscan = off as $$
  with tail as materialized (
      select e.queue, e.id, e.messages, e.published_at from queue_envelopes as e
      where e.published_at >= since and e.id + 0 >= from_id),
    boundary as (
      select max(id) as id from tail where published_at < now() - young_ms * interval '1 ms'),
    sliced as (
      select tail.*, tail.id <= coalesce(boundary.id, 0) as is_old,
        (row_number() over (partition by queue order by tail.id) - 1) / slice_rows as slice
      from tail, boundary)
  select queue, min(id), max(id), count(*), sum(messages), min(published_at), is_old
    from sliced group by queue, slice, is_old order by queue, min(id)
$$;

-- The next envelopes of all queues in the order of the primary key, counted in slices of a queue.
create function queue_slices(
  after_queue text, after_id bigint, below_id bigint, rows_max int, slice_rows int
) returns table (
  queue text, first float8, last float8, envelopes float8, messages float8, oldest timestamptz
) language sql stable set enable_seqscan = off set enable_bitmapscan = off as $$
  select queue, min(id), max(id), count(*), sum(messages), min(published_at)
    from (
      select *, (row_number() over (partition by queue order by id) - 1) / slice_rows as slice
      from (
        select e.queue, e.id, e.messages, e.published_at from queue_envelopes as e
        where (e.queue, e.id) > (after_queue, after_id) and e.id < below_id
        order by e.queue, e.id limit rows_max) as next) as sliced
    group by queue, slice order by queue, min(id)
$$;

-- The envelopes that are left in slices.
create function queue_recount(queues text[], firsts bigint[], lasts bigint[])
returns table (
  first float8, last float8, envelopes float8, messages float8, oldest timestamptz
) language sql stable set enable_seqscan = off as $$
  select found.* from unnest(queues, firsts, lasts) with ordinality as slice (queue, first, last, n),
    lateral (
      select min(e.id), max(e.id), count(*), coalesce(sum(e.messages), 0), min(e.published_at)
      from queue_envelopes as e
      where e.queue = slice.queue and e.id between slice.first and slice.last) as found
    order by slice.n
$$;
