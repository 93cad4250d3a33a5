// One row for each envelope that a worker has begun: its owner, and the outcome of each message so
// far. A worker claims the row before it submits the first message, so that an envelope which comes
// again, for whatever reason, is submitted by one process only, and no answered message is sent
// twice. The row stays for a day after the envelope is settled.

import type { Database } from '../database/database.ts'
import { encodeOutcomes } from './outcomeWire.ts'

/** The sign of life of a process that owns envelopes. */
export interface OwnerBeat {
  owner: string
  beat: string
}

const APPEAR = {
  name: 'envelopeOwners.appear',
  text: `with former as (delete from envelope_owners where instance = $2 and owner <> $1::uuid)
    insert into envelope_owners (owner, instance) values ($1::uuid, $2)
    on conflict (owner) do nothing`,
}
const BEAT = {
  name: 'envelopeOwners.beat',
  text: 'update envelope_owners set beat = beat + 1 where owner = $1::uuid returning owner',
}
const OTHERS = {
  name: 'envelopeOwners.others',
  text: 'select owner, beat from envelope_owners where owner <> $1::uuid',
}
const DISOWN = {
  name: 'envelopeOwners.disown',
  // The beat is compared under the lock of the row: an owner that beats at this moment stays.
  text: `delete from envelope_owners as o
    using unnest($1::uuid[], $2::bigint[]) as dead (owner, beat)
    where o.owner = any($1::uuid[]) and o.owner = dead.owner and o.beat = dead.beat`,
}
const LEAVE = {
  name: 'envelopeOwners.leave',
  text: 'delete from envelope_owners where owner = $1::uuid',
}

/** The rows of owners. A former process of the same instance is dead and loses its row. */
export function envelopeOwners(database: Database, instance: string) {
  return {
    appear: async (owner: string): Promise<void> => {
      await database.run(APPEAR, [owner, instance])
    },
    /** False if the owner has no row, so that others own its envelopes by now. */
    beat: async (owner: string): Promise<boolean> =>
      (await database.run(BEAT, [owner])).length === 1,
    others: (owner: string): Promise<OwnerBeat[]> => database.run<OwnerBeat>(OTHERS, [owner]),
    /** Deletes the rows of those owners that still have this beat. */
    disown: async (dead: readonly OwnerBeat[]): Promise<void> => {
      await database.run(DISOWN, [dead.map(({ owner }) => owner), dead.map(({ beat }) => beat)])
    },
    leave: async (owner: string): Promise<void> => {
      await database.run(LEAVE, [owner])
    },
  }
}

export type EnvelopeClaim =
  | ({ kind: 'claimed' } & ClaimedEnvelope)
  /** All its outcomes are durable: it is settled unsent. */
  | { kind: 'finished' }
  /** Another process works on it. */
  | { kind: 'held' }

export interface ClaimedEnvelope {
  readonly owner: string
  /** Kept by whoever worked on it before; empty if nobody did. */
  readonly outcomes: Buffer
  /** Submissions of open messages that got no answer (outcomeWire.ts); empty if there are none. */
  readonly unanswered: Buffer
  /** Whether its owner may submit messages of it. */
  readonly hasBegun: boolean
  /** How many owners died over it after they had begun. */
  readonly takeovers: number
  /** Whether the last owner died over it, and perhaps in the middle of a submission. */
  readonly isTakenOver: boolean
}

const CLAIM = {
  name: 'checkpoints.claim',
  // `former` is what the statement saw when it began. A row whose owner changed meanwhile is left
  // alone: to this statement the row of that owner may not exist yet.
  text: `with former as materialized (
      select envelope_id, owner, begun, finished_at from checkpoints
      where envelope_id = any($1::uuid[])),
    claimed as (
      insert into checkpoints as c (envelope_id, owner, begun, outcomes)
        select id, $2::uuid, begins = 1, $4::bytea
        from unnest($1::uuid[], $3::int[]) as wanted (id, begins) order by id
      on conflict (envelope_id) do update
        set owner = excluded.owner, updated_at = now(),
          begun = excluded.begun or (c.begun and c.owner = excluded.owner),
          takeovers = c.takeovers
            + (c.owner is not null and c.owner <> excluded.owner and c.begun)::int
        where c.finished_at is null
          and (c.owner is null or c.owner = excluded.owner
            or (exists (select from former as f
                where f.envelope_id = c.envelope_id and f.owner = c.owner)
              and not exists (select from envelope_owners as o where o.owner = c.owner)))
      returning c.envelope_id, c.outcomes, c.unanswered, c.takeovers, c.begun)
    select wanted.id as "envelopeId", claimed.outcomes, claimed.unanswered, claimed.takeovers,
      claimed.begun as "hasBegun", former.finished_at is not null as "isFinished",
      coalesce(former.begun and former.owner <> $2::uuid, false) as "isTakenOver"
    from unnest($1::uuid[]) as wanted (id)
      left join claimed on claimed.envelope_id = wanted.id
      left join former on former.envelope_id = wanted.id`,
}

interface ClaimRow {
  envelopeId: string
  /** Null if the envelope could not be claimed. */
  outcomes: Buffer | null
  unanswered: Buffer | null
  takeovers: number | null
  hasBegun: boolean | null
  isFinished: boolean
  /** The former owner may have been in the middle of a submission. */
  isTakenOver: boolean
}

const NOTHING = Buffer.alloc(0)
/** A worker of a version before reads the column without asking whether there is anything. */
const NO_OUTCOMES = encodeOutcomes([])

export interface WantedEnvelope {
  envelopeId: string
  /** Whether messages of it may be submitted, and not only looked after. */
  begins: boolean
}

/** Claims envelopes for an owner that has a row. The answer has one claim for each of them. */
export async function claimEnvelopes(
  database: Database,
  owner: string,
  wanted: readonly WantedEnvelope[],
): Promise<Map<string, EnvelopeClaim>> {
  const rows = await database.run<ClaimRow>(CLAIM, [
    wanted.map(({ envelopeId }) => envelopeId),
    owner,
    wanted.map(({ begins }) => Number(begins)),
    NO_OUTCOMES,
  ])
  return new Map(rows.map((row) => [row.envelopeId, claimOf(row, owner)]))
}

function claimOf(row: ClaimRow, owner: string): EnvelopeClaim {
  const { outcomes, unanswered, takeovers, hasBegun, isFinished, isTakenOver } = row
  if (outcomes === null) return { kind: isFinished ? 'finished' : 'held' }
  return {
    kind: 'claimed',
    owner,
    outcomes,
    unanswered: unanswered ?? NOTHING,
    takeovers: takeovers ?? 0,
    hasBegun: hasBegun ?? true,
    isTakenOver,
  }
}

export interface Checkpoint {
  envelopeId: string
  /** The process that claimed the envelope. The row is written only while it names that owner. */
  owner: string
  outcomes: Buffer
  unanswered: Buffer
  /** Whether the envelope is let go of, for anybody to claim. */
  isReleased: boolean
}

const WRITE = {
  name: 'checkpoints.write',
  text: `update checkpoints as c
    set outcomes = new.outcomes, unanswered = nullif(new.unanswered, ''), updated_at = now(),
      owner = case when new.released = 1 then null else c.owner end
    from unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::bytea[], $5::int[])
      as new (envelope_id, owner, outcomes, unanswered, released)
    where c.envelope_id = any($1::uuid[]) and c.envelope_id = new.envelope_id
      and c.owner = new.owner
    returning c.envelope_id as "envelopeId"`,
}

/** Returns the ids of the envelopes that were written. The others belong to somebody else. */
export async function writeCheckpoints(
  run: Database['run'],
  rows: readonly Checkpoint[],
): Promise<Set<string>> {
  if (rows.length === 0) return new Set()
  const written = await run<{ envelopeId: string }>(WRITE, [
    rows.map((row) => row.envelopeId),
    rows.map((row) => row.owner),
    rows.map((row) => row.outcomes),
    rows.map((row) => row.unanswered),
    rows.map((row) => Number(row.isReleased)),
  ])
  return new Set(written.map(({ envelopeId }) => envelopeId))
}

const RELEASE = {
  name: 'checkpoints.release',
  text: `update checkpoints set owner = null
    where envelope_id = any($1::uuid[]) and owner = $2::uuid and finished_at is null`,
}

/** Frees envelopes that this owner may have claimed without hearing of it. */
export async function releaseEnvelopes(
  database: Database,
  owner: string,
  envelopeIds: readonly string[],
): Promise<void> {
  await database.run(RELEASE, [envelopeIds, owner])
}

const FINISH = {
  name: 'checkpoints.finish',
  text: `update checkpoints set finished_at = now(), outcomes = $2::bytea, unanswered = null
    where envelope_id = any($1::uuid[]) and finished_at is null`,
}

/** All outcomes of these envelopes are durable elsewhere. Only that is remembered, for a day. */
export async function finishEnvelopes(
  database: Database,
  envelopeIds: readonly string[],
): Promise<void> {
  if (envelopeIds.length > 0) await database.run(FINISH, [envelopeIds, NO_OUTCOMES])
}

const REMOVE_OLD = {
  name: 'checkpoints.removeOld',
  // Ids carry their time, so the oldest come first. An envelope that nobody finished may lie on a
  // queue for as long as its carrier is away.
  text: `delete from checkpoints where envelope_id = any(array(
      select envelope_id from checkpoints
      where envelope_id < uuid_at(now() - interval '1 day')
        and (finished_at < now() - interval '1 day' or updated_at < now() - interval '60 days')
      order by envelope_id limit $1))
    returning envelope_id`,
}

/** Forgets up to `max` envelopes that no queue brings again; returns how many. */
export async function removeOldCheckpoints(database: Database, max: number): Promise<number> {
  return (await database.run(REMOVE_OLD, [max])).length
}
