-- Attempts to submit a message that did not end it. A message has a row for each of its first five
-- attempts and its last fifteen, which take turns in their slots. A message that is taken at once
-- has none.
create table message_attempts (
  message_id uuid not null,
  slot smallint not null,
  attempt int not null,
  connector text not null,
  -- Its first submission, and its end.
  first_at timestamptz not null,
  at timestamptz not null,
  -- The command_status of the last answer; 0 if no answer came.
  command_status bigint not null,
  -- When the next attempt is due; no later than `at` if the message was submitted again at once.
  due_at timestamptz not null,
  -- Submissions of this attempt by how they ended, if there was more than one.
  throttled int not null,
  unanswered int not null,
  links_lost int not null,
  primary key (message_id, slot)
) partition by range (message_id);

-- As in 0013, and each partition of messages brings one of their attempts.
create or replace function ensure_partition(
  parent regclass, slice name, lower_bound text, upper_bound text, storage text
) returns void language plpgsql as $$
begin
  if parent = 'messages'::regclass then
    perform ensure_partition('message_attempts', replace(slice, 'messages_', 'message_attempts_'),
      lower_bound, upper_bound, '');
  end if;
  if exists (select from pg_inherits as i join pg_class as c on c.oid = i.inhrelid
      where i.inhparent = parent and c.relname = slice) then
    return;
  end if;
  execute format('create table if not exists %I (like %s including all) %s',
    slice, parent, storage);
  execute format('alter table %s attach partition %I for values from (%L) to (%L)',
    parent, slice, lower_bound, upper_bound);
end
$$;

-- For the messages that are there. Those of older days get theirs when a row needs it.
select ensure_partitions(now() - interval '1 day', now() + interval '3 days');
