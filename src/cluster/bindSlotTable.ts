// The holder of each upstream bind, and the share of the connector's pace that goes with it. A slot
// is free if it was never held, if its holder released it, or if its time ran out and the SMSC's
// dead-peer time passed on top. A process that starts under the same instance name takes its own
// slots back at once: its supervisor promises that the former process of that name is dead.

import type { Database } from '../database/database.ts'

export interface SlotClaim {
  connector: string
  /** The share of the pace of each slot, from slot 1 on (flow/paceShare.ts). */
  shares: readonly number[]
  /** How many slots this holder wants in all. */
  wanted: number
}

/** A slot that is held, and the messages a second that its holder may send because of it. */
export interface SlotLease {
  readonly slot: number
  readonly pace: number
}

const ACQUIRE = {
  name: 'bindSlots.acquire',
  // Migration 0007 says by which rules.
  text: `select slot, pace
    from acquire_bind_slots($1::text, $2::text, $3::float8[], $4::int, $5::float8, $6::float8)
    order by slot`,
}

/** Takes or keeps up to `wanted` slots of a connector; returns those held now. */
export function acquireSlots(
  database: Database,
  claim: SlotClaim,
  holder: string,
  ttlMs: number,
  releaseAfterMs: number,
): Promise<SlotLease[]> {
  const { connector, shares, wanted } = claim
  const values = [connector, holder, shares, wanted, ttlMs, releaseAfterMs]
  return database.run<SlotLease>(ACQUIRE, values)
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
