// The bind state of each leased slot: bound, not bound or unknown. Workers store the state in the
// rows of their slots. Operators read the state, and so do workers that have no bind of a connector
// themselves.

import type { Database } from '../database/database.ts'
import type { HeldSlots } from './bindSlotTable.ts'
import { PROCESS_TTL_MS } from './processTable.ts'

export interface BoundState {
  connector: string
  /** The slots that the holder has leased. */
  slots: readonly number[]
  /** The slots among `slots` that are bound. */
  boundSlots: readonly number[]
}

const TELL = {
  name: 'bindSlots.tellBound',
  text: `update bind_slots set bound = (slot = any($4::int[]))
    where connector = $1 and holder = $2 and slot = any($3::int[])
      and bound is distinct from (slot = any($4::int[]))`,
}

/** Stores which slots of this holder are bound, for other processes to read. */
export async function tellBound(
  database: Database,
  holder: string,
  { boundSlots, connector, slots }: BoundState,
): Promise<void> {
  await database.run(TELL, [connector, holder, slots, boundSlots])
}

const ELSEWHERE = {
  name: 'bindSlots.boundElsewhere',
  text: `select exists (select from bind_slots where connector = $1 and holder <> $2
    and held_until > now() and bound is distinct from false) as bound`,
}

/**
 * Returns whether another holder has a live lease on a slot that is bound or whose state is
 * unknown.
 */
export async function isBoundElsewhere(
  database: Database,
  holder: string,
  connector: string,
): Promise<boolean> {
  const [row] = await database.run<{ bound: boolean }>(ELSEWHERE, [connector, holder])
  return row?.bound === true
}

const BOUND_SLOTS = {
  name: 'bindSlots.bound',
  text: `select connector, count(*)::float8 as slots from bind_slots
    where held_until > now() and bound is distinct from false group by connector`,
}

/** Counts the slots of each connector that are bound or whose state is unknown. */
export async function readBoundSlots(run: Database['run']): Promise<ReadonlyMap<string, number>> {
  const rows = await run<{ connector: string; slots: number }>(BOUND_SLOTS)
  return new Map(rows.map(({ connector, slots }) => [connector, slots]))
}

const LIVE = {
  name: 'bindSlots.live',
  text: `select slot.connector, count(*)::float8 as slots from bind_slots as slot
    where slot.held_until > now() and slot.bound and exists (select from processes as process
      where process.component = 'workers' and process.instance = slot.holder
        and process.heartbeat_at > now() - $1 * interval '1 ms')
    group by slot.connector`,
}

/** Counts the bound slots of each connector that workers with a recent heartbeat hold. */
export function readLiveBinds(run: Database['run']): Promise<HeldSlots[]> {
  return run<HeldSlots>(LIVE, [PROCESS_TTL_MS])
}
