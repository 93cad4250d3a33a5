-- By how many messages each statement changed what waits on a queue; the sum is how many wait. Rows
-- are only ever added, so nobody waits for a counter; workers add the rows of a queue up in time.
create table later_counts (
  id bigint generated always as identity primary key,
  queue text not null,
  messages bigint not null
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
create index later_counts_by_queue on later_counts (queue) include (messages);

create function count_later() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    insert into later_counts (queue, messages)
      select queue, sum(messages) from changed group by queue;
  elsif tg_op = 'DELETE' then
    insert into later_counts (queue, messages)
      select queue, -sum(messages) from changed group by queue;
  else
    delete from later_counts;
  end if;
  return null;
end
$$;

-- The triggers hold writers up until the rows that are there have been counted.
create trigger count_put after insert on later referencing new table as changed
  for each statement execute function count_later();
create trigger count_left after delete on later referencing old table as changed
  for each statement execute function count_later();
create trigger count_none after truncate on later for each statement execute function count_later();
insert into later_counts (queue, messages) select queue, sum(messages) from later group by queue;
