-- Messages by number and account, without an index entry for each message. For every 128 pages of a
-- partition (about 1,900 messages) the index holds the first and last id, and Bloom filters of the
-- addresses and accounts in them: about 4 octets a message. A row that is added to pages without
-- filters costs nothing, so filters are made later, 128 pages at a time and only once no more rows
-- are added to those pages. A search reads the pages that have no filter yet.
--
-- Only the parent has it here, and new partitions take it over from there.
create index messages_by_number on only messages using brin (
  message_id,
  destination_addr text_bloom_ops (n_distinct_per_range = 2200, false_positive_rate = 0.001),
  source_addr text_bloom_ops (n_distinct_per_range = 1000, false_positive_rate = 0.001),
  account text_bloom_ops (n_distinct_per_range = 64, false_positive_rate = 0.01)
) with (pages_per_range = 128);

-- Partitions that are there get it if that takes less than about a second each, in which nobody can
-- write to them. Searches in larger ones read more, until these partitions are dropped.
do $$
declare
  slice record;
begin
  for slice in
    select c.relname as name from pg_inherits as i join pg_class as c on c.oid = i.inhrelid
    where i.inhparent = 'messages'::regclass and pg_relation_size(c.oid) < 256 * 1024 * 1024
  loop
    execute format('create index %I on %I using brin (message_id, '
      'destination_addr text_bloom_ops (n_distinct_per_range = 2200, false_positive_rate = 0.001), '
      'source_addr text_bloom_ops (n_distinct_per_range = 1000, false_positive_rate = 0.001), '
      'account text_bloom_ops (n_distinct_per_range = 64, false_positive_rate = 0.01)) '
      'with (pages_per_range = 128)', slice.name || '_by_number', slice.name);
    execute format('alter index messages_by_number attach partition %I',
      slice.name || '_by_number');
  end loop;
end
$$;

-- How many pages of each partition have their filters.
create table message_search_progress (
  partition text primary key,
  pages bigint not null
);

-- Makes up to so many filters, the newest partition first, and returns how many it made. A row that
-- is added to a page with a filter takes 60 microseconds more, so the last pages, which still get
-- rows, are left out. While a vacuum works on a partition, that partition is left to the next call:
-- waiting longer would end the vacuum.
create function extend_message_search(filters_max int) returns int
language plpgsql set lock_timeout = '100ms' as $$
declare
  slice record;
  page bigint;
  made int := 0;
begin
  if not pg_try_advisory_xact_lock(hashtext('signalbox.extend_message_search')) then
    return 0;
  end if;
  delete from message_search_progress as p where not exists (
    select from pg_inherits as i join pg_class as c on c.oid = i.inhrelid
    where i.inhparent = 'messages'::regclass and c.relname = p.partition);
  for slice in
    select c.relname as name, x.indexrelid::regclass as index,
      pg_relation_size(c.oid) / current_setting('block_size')::int as pages
    from pg_inherits as i join pg_class as c on c.oid = i.inhrelid
      join pg_index as x on x.indrelid = c.oid
      join pg_inherits as of_index on of_index.inhrelid = x.indexrelid
        and of_index.inhparent = 'messages_by_number'::regclass
    where i.inhparent = 'messages'::regclass order by c.relname desc
  loop
    select pages into page from message_search_progress where partition = slice.name;
    page := least(coalesce(page, 0), slice.pages / 128 * 128);
    continue when page + 256 > slice.pages;
    begin
      while made < filters_max and page + 256 <= slice.pages loop
        perform brin_summarize_range(slice.index, page);
        page := page + 128;
        made := made + 1;
      end loop;
    exception when lock_not_available then
      null;
    end;
    insert into message_search_progress as p (partition, pages) values (slice.name, page)
      on conflict (partition) do update set pages = excluded.pages;
    exit when made >= filters_max;
  end loop;
  return made;
end
$$;
