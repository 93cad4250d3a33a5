// The holder of each upstream bind, and the share of the connector's pace that goes with it. A slot
// is free if it was never held, if its holder released it, or if its time ran out and the SMSC's
// dead-peer time passed on top. A process that starts under the same instance name takes its own
// slots back at once: its supervisor promises that the former process of that name is dead.

import type { Database } from '../database/database.ts'

export interface SlotClaim {
  connector: string
  /** The share of the pace of each slot, from slot 1 on (flow/paceShare.ts). */
  shares: readonly number[]
  /** The holder takes no more slots when it has so many. It keeps what it has. */
  wanted: number
  /** Free slots are taken beyond the holder's share of all slots. */
  isOverdue: boolean
}

/** A slot that is held, and the messages a second that its holder may send because of it. */
export interface SlotLease {
  readonly slot: number
  readonly pace: number
}

export interface RenewedLease extends SlotLease {
  readonly connector: string
  /** Another process has fewer slots and asks for this one. */
  readonly isAsked: boolean
}

export interface SlotAnswer {
  readonly leases: readonly RenewedLease[]
  /** Connectors with slots of the holder that were locked: their leases are as before. */
  readonly locked: readonly string[]
  /** Connectors with slots that nobody holds. */
  readonly free: readonly string[]
  /** Connectors with slots of others that the holder asks for. */
  readonly awaited: readonly string[]
  /** It would ask for more, but they were locked. */
  readonly hasMissed: boolean
}

export interface SlotTerms {
  readonly holder: string
  readonly ttlMs: number
  /** How long a slot that ran out stays closed. */
  readonly releaseAfterMs: number
}

export interface SlotLimits {
  /** The holder takes no more slots when it has so many of all connectors. */
  readonly most: number
  /** The number of slots of others that it may wait for; with 0 it asks for none. */
  readonly asks: number
}

const LEASE = {
  name: 'bindSlots.lease',
  // Migration 0027 says by which rules.
  text: `select connector, slot, pace, state
    from lease_bind_slots($1::text, $2::text[], $3::int[], $4::int[], $5::int[], $6::int[],
      $7::float8[], $8::int, $9::int, $10::float8, $11::float8)
    order by connector, slot`,
}

interface Row extends SlotLease {
  connector: string
  state: 'held' | 'asked' | 'locked' | 'awaited' | 'missed' | 'free'
}

/**
 * Renews the slots of all these connectors, takes free ones and asks for those that others have too
 * many of, in one statement.
 */
export async function leaseSlots(
  database: Database,
  { holder, releaseAfterMs, ttlMs }: SlotTerms,
  claims: readonly SlotClaim[],
  { asks, most }: SlotLimits,
): Promise<SlotAnswer> {
  let shares = 0
  const firsts = claims.map((claim) => (shares += claim.shares.length) - claim.shares.length)
  const rows = await database.run<Row>(LEASE, [
    holder,
    claims.map(({ connector }) => connector),
    claims.map((claim) => claim.shares.length),
    firsts,
    claims.map(({ wanted }) => wanted),
    claims.map(({ isOverdue }) => (isOverdue ? 1 : 0)),
    claims.flatMap((claim) => claim.shares),
    most,
    asks,
    ttlMs,
    releaseAfterMs,
  ])
  const connectorsWith = (state: Row['state']) =>
    rows.flatMap((row) => (row.state === state ? [row.connector] : []))
  return {
    leases: rows.flatMap(({ connector, pace, slot, state }) =>
      state === 'held' || state === 'asked'
        ? [{ connector, slot, pace, isAsked: state === 'asked' }]
        : [],
    ),
    locked: connectorsWith('locked'),
    free: connectorsWith('free'),
    awaited: connectorsWith('awaited'),
    hasMissed: connectorsWith('missed').length > 0,
  }
}

const RELEASE = {
  name: 'bindSlots.release',
  text: `delete from bind_slots using unnest($2::text[], $3::int[]) as released (connector, slot)
    where holder = $1 and bind_slots.connector = released.connector
      and bind_slots.slot = released.slot`,
}

export interface ReleasedSlot {
  readonly connector: string
  readonly slot: number
}

/** Gives slots up, once their binds are closed. */
export async function releaseSlots(
  database: Database,
  holder: string,
  slots: readonly ReleasedSlot[],
): Promise<void> {
  await database.run(RELEASE, [
    holder,
    slots.map(({ connector }) => connector),
    slots.map(({ slot }) => slot),
  ])
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
