-- A process that has fewer slots than others asks for one of theirs, and its holder hands it over.
-- Half of each page is left free, because each row is updated in each round of leasing.
alter table bind_slots add column asked_by text, add column asked_at timestamptz;
alter table bind_slots set (fillfactor = 50);

-- Renews all slots of a holder in one statement, takes free ones and asks for those that others
-- have too many of. Each connector may have `binds` slots. Their shares of its pace begin behind
-- `firsts` in `shares`. Of a connector the holder wants up to `wanted` slots in all, and of all
-- connectors up to `most`; it takes those of an overdue connector beyond that. It waits for up to
-- `asked_max` slots of others.
--
-- The rules for binds and pace are those of acquire_bind_slots (migration 0007): whatever a process
-- believes, no slot is added beyond the number of binds and no pace beyond the sum of the shares.
-- But nothing here waits for another process. A row or a connector that another transaction has
-- locked is left out this time, so a process that is stopped delays no other, and no two processes
-- can wait for each other.
--
-- The answer has a row for each slot that is held now (`held`, or `asked` if another process asks
-- for it), for each slot of the holder that was locked and is therefore not renewed (`locked`), for
-- each slot that it asks for (`awaited`), for each connector with free slots (`free`, with their
-- number as `slot`), and one for the slots that it would ask for if they were not locked (`missed`,
-- with their number).
--
-- Without nested loops, because the planner expects few connectors and would compare each one with
-- each slot: 350 ms for 1,000 connectors, and 4 ms with hash joins.
create function lease_bind_slots(
  for_holder text, connectors text[], binds int[], firsts int[], wanted int[], overdue int[],
  shares float8[], most int, asked_max int, ttl_ms float8, release_after_ms float8
) returns table (connector text, slot int, pace float8, state text)
language plpgsql set enable_nestloop = off as $$
#variable_conflict use_column
declare
  ttl constant interval := ttl_ms * interval '1 ms';
  release_after constant interval := release_after_ms * interval '1 ms';
  -- So many connectors are changed at once: the locks of all processes have to fit into memory.
  changed_max constant int := 50;
  -- An ask is answered within some rounds, or its holder will not answer.
  answered_within constant interval := interval '10 s';
  -- Exactly the rows that this call renews or adds end at this time.
  held_to constant timestamptz := now() + ttl;
  is_paceless boolean;
  missed int := 0;
  has_free boolean;
  changed text[];
  upto int[];
begin
  with mine as (
      select b.connector, b.slot from bind_slots as b
      where b.holder = for_holder and b.connector = any(connectors)
      order by b.connector, b.slot for update skip locked),
    renewed as (
      update bind_slots as b
        set held_until = held_to, pace = least(b.pace, shares[claim.first + b.slot])
      from mine, unnest(connectors, binds, firsts) as claim (connector, binds, first)
      where claim.connector = mine.connector and mine.slot <= claim.binds
        and b.connector = mine.connector and b.slot = mine.slot
      returning b.pace < shares[claim.first + b.slot] as is_paceless)
    select bool_or(renewed.is_paceless) into is_paceless from renewed;
  select count(b.slot) < sum(claim.binds) into has_free
    from unnest(connectors, binds) as claim (connector, binds)
      left join bind_slots as b on b.connector = claim.connector and b.slot <= claim.binds
        and (b.holder = for_holder or b.held_until + release_after >= now());

  -- Where something is free or pace is missing, a lock lets one process at a time take it.
  if has_free or is_paceless then
    with live as (
        select b.connector, b.slot, b.holder = for_holder and b.slot <= claim.binds as is_mine,
          case when b.slot <= claim.binds then shares[claim.first + b.slot] end as share,
          coalesce(b.pace, shares[claim.first + case when b.slot <= claim.binds
            then b.slot else 1 end]) as pace
        from bind_slots as b, unnest(connectors, binds, firsts) as claim (connector, binds, first)
        where claim.connector = b.connector
          and (b.holder = for_holder or b.held_until + release_after >= now())),
      summed as (
        select connector, count(*) as held, count(*) filter (where is_mine) as mine,
          sum(pace) as pace,
          coalesce(sum(share - pace) filter (where is_mine), 0) as missing
        from live group by connector),
      open as (
        select claim.connector, claim.overdue, coalesce(summed.mine, 0) as mine,
          greatest(0, least(claim.binds - coalesce(summed.held, 0),
            claim.wanted - coalesce(summed.mine, 0))) as room,
          summed.missing > 0 and summed.pace < (select sum(share)
            from unnest(shares[claim.first + 1:claim.first + claim.binds]) as share) as lacks_pace,
          hashtext(claim.connector || for_holder) as place
        from unnest(connectors, binds, firsts, wanted, overdue)
            as claim (connector, binds, first, wanted, overdue)
          left join summed on summed.connector = claim.connector
        where summed.held is null or summed.held < claim.binds or summed.missing > 0),
      fair as (
        select open.*, most - (select count(*) from bind_slots as b where b.holder = for_holder)
            - (sum(room) over (order by place, connector) - room) as left_of_share
        from open),
      chosen as materialized (
        select connector, mine, place, overdue,
          case when overdue = 1 then room else greatest(0, least(room, left_of_share)) end as takes
        from fair where lacks_pace or room > 0 and (overdue = 1 or left_of_share > 0)
        order by overdue desc, place limit changed_max),
      locked as (
        select connector, mine + takes as upto from chosen where pg_try_advisory_xact_lock(
          hashtext('signalbox.bind_slots'), hashtext(connector)))
      select array_agg(connector), array_agg(upto) into changed, upto from locked;
  end if;

  if changed is not null then
    delete from bind_slots as b using (
        select g.connector, g.slot from bind_slots as g
        where g.connector = any(changed) and g.holder <> for_holder
          and g.held_until + release_after < now()
        order by g.connector, g.slot for update skip locked) as gone
      where b.connector = gone.connector and b.slot = gone.slot;
    with claim as (
        select claim.*, lock.upto from unnest(changed, upto) as lock (connector, upto),
          unnest(connectors, binds, firsts) as claim (connector, binds, first)
        where claim.connector = lock.connector),
      live as (
        select b.connector, b.slot,
          b.holder = for_holder and b.held_until = held_to and b.slot <= claim.binds as is_renewed,
          coalesce(b.pace, shares[claim.first + case when b.slot <= claim.binds
            then b.slot else 1 end]) as pace
        from bind_slots as b, claim where claim.connector = b.connector),
      kept as (
        select connector, slot, pace from live where is_renewed),
      free as (
        select claim.connector, number as slot,
          row_number() over (partition by claim.connector order by number) as place,
          least(claim.upto - (select count(*) from kept where kept.connector = claim.connector),
            claim.binds - (select count(*) from live where live.connector = claim.connector)
          ) as room
        from claim, generate_series(1, claim.binds) as number
        where not exists (
          select from live where live.connector = claim.connector and live.slot = number)),
      mine as (
        select both_kinds.connector, both_kinds.slot, both_kinds.pace,
          shares[claim.first + both_kinds.slot] - both_kinds.pace as missing
        from claim, (
          select connector, slot, pace from kept
          union all select connector, slot, 0 from free where place <= room) as both_kinds
        where both_kinds.connector = claim.connector),
      spare as (
        select claim.connector,
          (select sum(share)
            from unnest(shares[claim.first + 1:claim.first + claim.binds]) as share)
          - coalesce((select sum(mine.pace) from mine where mine.connector = claim.connector), 0)
          - coalesce((select sum(live.pace) from live where live.connector = claim.connector
              and not exists (select from mine
                where mine.connector = live.connector and mine.slot = live.slot)), 0) as pace
        from claim),
      granted as (
        select mine.connector, mine.slot, mine.pace + greatest(0, least(mine.missing, spare.pace
          - (sum(mine.missing) over (partition by mine.connector order by mine.slot)
            - mine.missing))) as pace
        from mine, spare where spare.connector = mine.connector)
      insert into bind_slots as b (connector, slot, holder, held_until, pace)
        select connector, slot, for_holder, held_to, pace from granted
      on conflict (connector, slot) do update set pace = excluded.pace
        where b.holder = excluded.holder and b.pace is distinct from excluded.pace;
  end if;

  if asked_max > 0 then
    missed := ask_for_slots(for_holder, connectors, binds, asked_max, ttl, answered_within);
  end if;

  return query
    select b.connector, b.slot, b.pace, case
        when b.holder <> for_holder then 'awaited'
        when b.held_until <> held_to then 'locked'
        when b.asked_at > now() - answered_within then 'asked'
        else 'held' end
      from bind_slots as b, unnest(connectors, binds) as claim (connector, binds)
      where claim.connector = b.connector and b.slot <= claim.binds
        and (b.holder = for_holder
          or b.asked_by = for_holder and b.asked_at > now() - answered_within);
  if missed > 0 then
    return query select '', missed, null::float8, 'missed';
  end if;
  if has_free then
    return query
      select claim.connector, (claim.binds - count(b.slot))::int, null::float8, 'free'
        from unnest(connectors, binds) as claim (connector, binds)
          left join bind_slots as b on b.connector = claim.connector
            and (b.holder = for_holder or b.held_until + release_after >= now())
        group by claim.connector, claim.binds having count(b.slot) < claim.binds;
  end if;
end
$$;

-- Asks for slots of other holders, at most one of a connector at a time, and only if that evens out
-- how many the two have: of the connector, or of all connectors without changing that for the
-- worse. A slot that was asked for counts as its asker's, so each ask brings the numbers closer
-- together, and none is ever undone by another. Slots whose holder gave no sign of life lately are
-- not asked for: they run out by themselves. Answers how many slots were locked and could not be
-- asked for.
create function ask_for_slots(
  for_holder text, connectors text[], binds int[], asked_max int, ttl interval,
  answered_within interval
) returns int language sql set enable_nestloop = off as $$
  with held as (
      select b.connector, b.slot, b.holder, claim.binds, fresh.asker,
        coalesce(fresh.asker, b.holder) as owner
      from bind_slots as b, unnest(connectors, binds) as claim (connector, binds), lateral (
        select case when b.asked_at > now() - answered_within then b.asked_by end as asker) as fresh
      where claim.connector = b.connector and b.slot <= claim.binds
        and b.held_until > now() + greatest(ttl - answered_within, interval '0')),
    counted as (
      select held.*, count(*) over of_connector as slots, count(asker) over of_connector as askers,
        count(*) over (partition by connector, owner) as theirs,
        count(*) filter (where owner = for_holder) over of_connector as ours,
        count(*) over (partition by owner) as total,
        count(*) filter (where owner = for_holder) over () as our_total,
        count(*) filter (where asker = for_holder) over () as awaited
      from held window of_connector as (partition by connector)),
    better as (
      select distinct on (connector) connector, slot, holder, theirs > ours + 1 as is_uneven,
        total, our_total, awaited
      from counted
      where holder <> for_holder and slots = binds and askers = 0
        and (theirs > ours + 1 or theirs > ours and total > our_total + 1)
      order by connector, theirs desc, total desc, slot desc),
    -- In this order, each ask counts the ones before it.
    by_holder as (
      select better.*, total - row_number() over (partition by holder
        order by is_uneven desc, hashtext(connector || for_holder)) as total_then
      from better),
    in_order as (
      select by_holder.*, row_number() over (
        order by is_uneven desc, total_then desc, hashtext(connector || for_holder)) as place
      from by_holder),
    worth as (
      select connector, slot, holder from in_order
      where place <= asked_max - awaited and (is_uneven or total_then >= our_total + place)),
    open as (
      select b.connector, b.slot from bind_slots as b, worth
      where worth.connector = b.connector and worth.slot = b.slot and worth.holder = b.holder
      order by b.connector, b.slot for update of b skip locked),
    asked as (
      update bind_slots as b set asked_by = for_holder, asked_at = now()
      from open where b.connector = open.connector and b.slot = open.slot returning b.slot)
  select ((select count(*) from worth) - (select count(*) from asked))::int
$$;
