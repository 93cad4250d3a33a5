// Leases of bind slots. A slot is the right to open one bind of a connector, with a share of the
// connector's pace (messages per second). A slot is free if it was never leased, if its holder
// released it, or if `SlotTerms.releaseAfterMs` has passed since its lease expired. During that
// time the SMSC may still count the holder's bind as open. A process that restarts under the same
// instance name gets its slots back immediately, because its supervisor guarantees that the former
// process of that name is dead.

import type { Database } from '../database/database.ts'

export interface SlotClaim {
  connector: string
  /** The share of the pace that belongs to each slot, starting with slot 1 (flow/paceShare.ts). */
  shares: readonly number[]
  /**
   * The holder takes no more slots of the connector once it has this many, but it keeps all the
   * slots that it has.
   */
  wanted: number
  /**
   * Allows the holder to take free slots beyond `SlotLimits.most`, because they have been free for
   * too long or because the holder has asked other holders for slots of this connector.
   */
  isOverdue: boolean
}

/** A held slot, and the pace that it gives to its holder, in messages per second. */
export interface SlotLease {
  readonly slot: number
  readonly pace: number
}

export interface RenewedLease extends SlotLease {
  readonly connector: string
  /** Whether another process, which has fewer slots, has asked for this slot. */
  readonly isAsked: boolean
}

export interface SlotAnswer {
  readonly leases: readonly RenewedLease[]
  /** Connectors whose slots were not renewed, because another transaction had locked them. */
  readonly locked: readonly string[]
  /** Connectors that have slots without a holder. */
  readonly free: readonly string[]
  /** Connectors for which this holder has recently asked another holder to give up a slot. */
  readonly awaited: readonly string[]
  /** Whether the holder could not ask for some slots because they were locked. */
  readonly hasMissed: boolean
}

export interface SlotTerms {
  readonly holder: string
  readonly ttlMs: number
  /** How long an expired slot stays closed before another holder may take it. */
  readonly releaseAfterMs: number
}

export interface SlotLimits {
  /** The holder takes no more slots once it has this many across all connectors. */
  readonly most: number
  /**
   * The most slots that the holder may request from other holders at a time. If this is 0, the
   * holder requests no slots.
   */
  readonly asks: number
}

const LEASE = {
  name: 'bindSlots.lease',
  // Migration 0027 defines the function and documents its rules.
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
 * In one statement, renews the holder's slots of these connectors, takes free slots, and asks
 * holders with more slots than this holder to give up some of them.
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

/** Releases slots. Must be called after their binds are closed. */
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

/** Counts the slots that are currently leased, by connector. */
export function readHeldSlots(run: Database['run']): Promise<HeldSlots[]> {
  return run<HeldSlots>(HELD)
}
