-- A row of upstream_ids is a submission: all that is known of it stands here, and the row of the
-- message is not updated for it any more. Rows are only ever inserted. A repeated journal entry may
-- write one twice, which changes no answer. They are kept as long as messages.
alter table upstream_ids
  -- The id as the SMSC wrote it, where the connector's rule makes another key of it.
  add column given_id text,
  add column attempts int not null default 0;
-- It held five columns of text and ids, 80 octets a row, and was checked with each insert.
alter table upstream_ids drop constraint upstream_ids_pkey;
-- Two numbers of eight octets, for receipts. An SMSC that gives every message the same id makes many
-- rows of one hash, and the newest of them are read first.
create index upstream_ids_by_key on upstream_ids
  ((hashtextextended(connector || '/' || upstream_id, 0)), submitted_at);
-- Message ids and submissions come in about the same order: next to nothing to write, for the few
-- who ask for the submissions of a message.
create index upstream_ids_by_message on upstream_ids
  using brin (message_id uuid_minmax_multi_ops) with (pages_per_range = 32, autosummarize = on);

-- As in 0013, but a partition of upstream_ids holds a day, because there are as many of them as of
-- messages. Days that have partitions of six hours keep them.
create or replace function ensure_partitions(from_at timestamptz, to_at timestamptz) returns void
language plpgsql set lock_timeout = '500ms' as $$
declare
  day timestamptz := date_trunc('day', from_at, 'UTC');
  day_name text;
begin
  perform pg_advisory_xact_lock(hashtext('signalbox.ensure_partitions'));
  while day <= to_at loop
    day_name := to_char(day at time zone 'UTC', 'YYYYMMDD');
    -- A message's row is updated once or twice: with room left in its page that touches no index
    -- (4.6 against 6.5 microseconds of the server's time a row, for a third more disk).
    perform ensure_partition('messages', 'messages_' || day_name,
      uuid_at(day)::text, uuid_at(day + interval '1 day')::text, 'with (fillfactor = 50)');
    perform ensure_partition('outbox_acknowledged', 'outbox_acknowledged_' || day_name,
      uuid_at(day)::text, uuid_at(day + interval '1 day')::text, '');
    if not exists (select from pg_inherits as i join pg_class as c on c.oid = i.inhrelid
        where i.inhparent = 'upstream_ids'::regclass
          and c.relname like 'upstream\_ids\_' || day_name || '\_%') then
      perform ensure_partition('upstream_ids', 'upstream_ids_' || day_name,
        day::text, (day + interval '1 day')::text, '');
    end if;
    day := day + interval '1 day';
  end loop;
end
$$;

-- Partitions of six hours that hold nothing, as in a new installation, give way to whole days.
do $$
declare
  slice record;
  day_name text;
  holds_rows boolean;
begin
  for day_name in
    select distinct substr(c.relname, length('upstream_ids_') + 1, 8)
    from pg_inherits as i join pg_class as c on c.oid = i.inhrelid
    where i.inhparent = 'upstream_ids'::regclass
  loop
    holds_rows := false;
    for slice in
      select c.relname from pg_inherits as i join pg_class as c on c.oid = i.inhrelid
      where i.inhparent = 'upstream_ids'::regclass
        and c.relname like 'upstream\_ids\_' || day_name || '%'
    loop
      execute format('select $1 or exists (select from %I)', slice.relname)
        into holds_rows using holds_rows;
    end loop;
    continue when holds_rows;
    for slice in
      select c.relname from pg_inherits as i join pg_class as c on c.oid = i.inhrelid
      where i.inhparent = 'upstream_ids'::regclass
        and c.relname like 'upstream\_ids\_' || day_name || '%'
    loop
      execute format('drop table %I', slice.relname);
    end loop;
  end loop;
end
$$;
select ensure_partitions(now() - interval '1 day', now() + interval '3 days');
