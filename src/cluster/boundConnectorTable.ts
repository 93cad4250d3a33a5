// Which processes have a connector bound, written beside the slots that they hold. Only workers
// without a bind of their own read it.

import type { Database } from '../database/database.ts'

export interface BoundState {
  connector: string
  /** The slots that the holder has. */
  slots: readonly number[]
  isBound: boolean
}

const TELL = {
  name: 'bindSlots.tellBound',
  text: `update bind_slots set bound = $4
    where connector = $1 and holder = $2 and slot = any($3::int[]) and bound is distinct from $4`,
}

/** Tells the other processes whether this holder has the connector bound. */
export async function tellBound(
  database: Database,
  holder: string,
  { connector, isBound, slots }: BoundState,
): Promise<void> {
  await database.run(TELL, [connector, holder, slots, isBound])
}

const ELSEWHERE = {
  name: 'bindSlots.boundElsewhere',
  text: `select exists (select from bind_slots where connector = $1 and holder <> $2
    and held_until > now() and bound is distinct from false) as bound`,
}

/** Whether another live holder has the connector bound, or does not say. */
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

/** How many slots of each connector are held by processes that have it bound. */
export async function readBoundSlots(run: Database['run']): Promise<ReadonlyMap<string, number>> {
  const rows = await run<{ connector: string; slots: number }>(BOUND_SLOTS)
  return new Map(rows.map(({ connector, slots }) => [connector, slots]))
}
