// The holder of each upstream bind. A slot is free if it was never held, if its holder released it,
// or if its time ran out and the SMSC's dead-peer time passed on top. A process that starts under
// the same instance name takes its own slots back at once: its supervisor promises that the former
// process of that name is dead.

import type { Database } from '../database/database.ts'

export interface SlotClaim {
  connector: string
  slots: number
  /** How many this holder wants in all. */
  wanted: number
}

const ACQUIRE = {
  name: 'bindSlots.acquire',
  text: `with free as (
      select wanted.slot from generate_series(1, $2::int) as wanted (slot)
      left join bind_slots as b on b.connector = $1 and b.slot = wanted.slot
      where b.slot is null or b.holder = $3
        or b.held_until + $5 * interval '1 ms' < now()
      order by (b.holder is not distinct from $3) desc, wanted.slot limit $6)
    insert into bind_slots as b (connector, slot, holder, held_until)
      select $1, free.slot, $3, now() + $4 * interval '1 ms' from free
    on conflict (connector, slot) do update
      set holder = excluded.holder, held_until = excluded.held_until
      where b.holder = excluded.holder or b.held_until + $5 * interval '1 ms' < now()
    returning b.slot`,
}

/** Takes or keeps up to `wanted` slots of a connector; returns those held now. */
export async function acquireSlots(
  database: Database,
  claim: SlotClaim,
  holder: string,
  ttlMs: number,
  releaseAfterMs: number,
): Promise<number[]> {
  const rows = await database.run<{ slot: number }>(ACQUIRE, [
    claim.connector,
    claim.slots,
    holder,
    ttlMs,
    releaseAfterMs,
    claim.wanted,
  ])
  return rows.map((row) => row.slot).toSorted((a, b) => a - b)
}

const RELEASE = {
  name: 'bindSlots.release',
  text: `delete from bind_slots where holder = $1 and connector = $2 and slot = any($3::int[])`,
}

/** Gives slots up, once their binds are closed. */
export async function releaseSlots(
  database: Database,
  holder: string,
  connector: string,
  slots: readonly number[],
): Promise<void> {
  await database.run(RELEASE, [holder, connector, slots])
}

export interface HeldSlots {
  connector: string
  slots: number
}

const HELD = {
  name: 'bindSlots.held',
  text: `select connector, count(*)::float8 as slots from bind_slots
    where held_until > now() group by connector`,
}

/** How many slots of each connector some process holds now. */
export function readHeldSlots(run: Database['run']): Promise<HeldSlots[]> {
  return run<HeldSlots>(HELD)
}
