-- The queue port on PostgreSQL. Claims go by key order and only touch columns that no index
-- holds, so a claim is a heap-only update; payloads stay out of line and are not
-- rewritten by it.
create table queue_envelopes (
  queue text not null,
  id bigint generated always as identity,
  payload bytea not null,
  messages int not null,
  published_at timestamptz not null default now(),
  visible_at timestamptz not null default now(),
  receives int not null default 0,
  leased_by text,
  primary key (queue, id)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
alter table queue_envelopes alter column payload set storage external;

-- Which batches were published, with what was answered: a retry of a batch gets the same answer
-- and publishes nothing.
create table queue_batches (
  batch_id uuid primary key,
  answer bytea not null,
  published_at timestamptz not null default now()
);

-- Marks the batches and publishes what is in them, both or neither, in one round trip. SB001: one of
-- the batches was published before.
create function publish_once(
  batch_ids uuid[], answers bytea[], queues text[], payloads bytea[], counts int[]
) returns void language plpgsql as $$
declare
  fresh int;
begin
  insert into queue_batches (batch_id, answer)
    select * from unnest(batch_ids, answers) on conflict do nothing;
  get diagnostics fresh = row_count;
  if fresh < cardinality(batch_ids) then
    raise exception 'a batch was published before' using errcode = 'SB001';
  end if;
  insert into queue_envelopes (queue, payload, messages)
    select * from unnest(queues, payloads, counts);
end
$$;

create table dead_letters (
  id bigint generated always as identity primary key,
  queue text not null,
  payload bytea not null,
  reason text not null,
  receives int not null,
  at timestamptz not null default now()
);

-- One row per envelope that a worker has begun: the outcome of each message so far.
create table checkpoints (
  envelope_id uuid primary key,
  outcomes bytea not null,
  updated_at timestamptz not null default now()
);

-- What must wait for another attempt, under the id its envelope will have.
create table later (
  envelope_id uuid primary key,
  due_at timestamptz not null,
  queue text not null,
  payload bytea not null,
  messages int not null
);
create index later_by_due on later (due_at);
