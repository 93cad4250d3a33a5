-- The share of the connector's pace that goes with a bind slot, in messages a second. Processes of
-- the version before write none; theirs is the share that follows from the number of the slot.
alter table bind_slots add column pace double precision;

-- Renews the slots of a holder and takes free ones, up to `wanted` in all. `shares` has the share
-- of each slot by its number: as many as the connector allows binds, and together its pace.
-- Whatever each process believes these to be, the answer adds no slot beyond their number and no
-- pace beyond their sum: slots that others still hold, whatever their number, and pace that was
-- granted to others count until they are released or run out. A holder keeps what it has, up to its
-- shares.
create function acquire_bind_slots(
  of_connector text, for_holder text, shares float8[], wanted int, ttl_ms float8,
  release_after_ms float8
) returns setof bind_slots language plpgsql as $$
#variable_conflict use_column
declare
  binds constant int := cardinality(shares);
begin
  -- One at a time, so that no two take the last slot or the last of the pace. The statements below
  -- see what the holders before this one wrote.
  perform pg_advisory_xact_lock(hashtext('signalbox.bind_slots'), hashtext(of_connector));
  delete from bind_slots where connector = of_connector and holder <> for_holder
    and held_until + release_after_ms * interval '1 ms' < now();
  return query
    with live as (
      select slot, holder, coalesce(pace, shares[slot], shares[1]) as pace
        from bind_slots where connector = of_connector),
    kept as (
      select slot, least(pace, shares[slot]) as pace from live
        where holder = for_holder and slot <= binds order by slot limit wanted),
    taken as (
      select free.slot, 0::float8 as pace from generate_series(1, binds) as free (slot)
        where not exists (select from live where live.slot = free.slot) order by free.slot
        limit greatest(0, least(wanted - (select count(*) from kept),
          binds - (select count(*) from live)))),
    mine as (select slot, pace, shares[slot] - pace as missing
      from (select * from kept union all select * from taken) as both_kinds),
    spare as (
      select (select coalesce(sum(share), 0) from unnest(shares) as share (share))
        - (select coalesce(sum(pace), 0) from mine)
        - (select coalesce(sum(pace), 0) from live
            where not exists (select from mine where mine.slot = live.slot)) as pace),
    granted as (
      select mine.slot, mine.pace + greatest(0, least(mine.missing, spare.pace
          - (sum(mine.missing) over (order by mine.slot) - mine.missing))) as pace
        from mine, spare)
    insert into bind_slots as b (connector, slot, holder, held_until, pace)
      select of_connector, slot, for_holder, now() + ttl_ms * interval '1 ms', pace from granted
    on conflict (connector, slot) do update
      set holder = excluded.holder, held_until = excluded.held_until, pace = excluded.pace
      where b.holder = excluded.holder
    returning b.*;
end
$$;
