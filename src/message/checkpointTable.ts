// This table has one row, called a checkpoint, for each envelope that a worker has claimed. The row
// holds the envelope's owner and the outcomes of its messages so far. A worker claims the row
// before it submits the first message. If the queue delivers the envelope again, for whatever
// reason, only the owner submits its messages, and no answered message is sent twice. The row is
// kept for a day after the envelope is settled.

import type { Database } from '../database/database.ts'
import { encodeOutcomes } from './outcomeWire.ts'

/** The latest heartbeat of a process that owns envelopes. */
export interface OwnerBeat {
  /** A uuid that identifies one run of the process. A restarted process has a new one. */
  owner: string
  /** The number of heartbeats that the owner has sent, as text. */
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
  // The statement compares the beat while it holds the row lock, so an owner that sends a heartbeat
  // concurrently keeps its row.
  text: `delete from envelope_owners as o
    using unnest($1::uuid[], $2::bigint[]) as dead (owner, beat)
    where o.owner = any($1::uuid[]) and o.owner = dead.owner and o.beat = dead.beat`,
}
const LEAVE = {
  name: 'envelopeOwners.leave',
  text: 'delete from envelope_owners where owner = $1::uuid',
}

/**
 * Reads and writes the rows of owners. `appear` deletes the row of any earlier process of the same
 * instance, because that process must be dead.
 */
export function envelopeOwners(database: Database, instance: string) {
  return {
    appear: async (owner: string): Promise<void> => {
      await database.run(APPEAR, [owner, instance])
    },
    /**
     * Returns false if the owner no longer has a row. Other processes may then own its envelopes.
     */
    beat: async (owner: string): Promise<boolean> =>
      (await database.run(BEAT, [owner])).length === 1,
    others: (owner: string): Promise<OwnerBeat[]> => database.run<OwnerBeat>(OTHERS, [owner]),
    /** Deletes the rows of the given owners whose beat has not changed. */
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
  /**
   * All outcomes of the envelope are durable. The caller must settle the envelope without
   * submitting anything.
   */
  | { kind: 'finished' }
  /** Another process owns the envelope. */
  | { kind: 'held' }

export interface ClaimedEnvelope {
  readonly owner: string
  /**
   * The outcomes that earlier owners recorded (outcomeWire.ts); empty if there was no earlier
   * owner.
   */
  readonly outcomes: Buffer
  /**
   * How often each open message was submitted without an answer (outcomeWire.ts). Empty if no
   * submission went unanswered.
   */
  readonly unanswered: Buffer
  /** Whether the owner may submit the envelope's messages. If false, it may only expire them. */
  readonly hasBegun: boolean
  /** How many owners died while they were allowed to submit the envelope's messages. */
  readonly takeovers: number
  /** Whether the previous owner died while it was allowed to submit the envelope's messages. */
  readonly isTakenOver: boolean
}

const CLAIM = {
  name: 'checkpoints.claim',
  // `former` holds the rows as they were when the statement began. A row whose owner has changed
  // since then is not claimed, because the new owner's row in envelope_owners may be invisible to
  // this statement.
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
  /** Whether the former owner may have been in the middle of a submission. */
  isTakenOver: boolean
}

const NOTHING = Buffer.alloc(0)
/**
 * Workers of an older version decode the column `outcomes` without checking whether it is empty.
 */
const NO_OUTCOMES = encodeOutcomes([])

export interface WantedEnvelope {
  envelopeId: string
  /**
   * Whether the owner may submit the envelope's messages. False if it may only expire the messages.
   */
  begins: boolean
}

/**
 * Claims envelopes for an owner that has a row in envelope_owners. The result has one entry for
 * each envelope.
 */
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
  /** The process that claimed the envelope. Only the current owner can write the row. */
  owner: string
  outcomes: Buffer
  unanswered: Buffer
  /** Whether the owner releases the envelope, so that any process can claim it. */
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

/**
 * Writes the checkpoints of envelopes that still have the given owner. Returns the ids of these
 * envelopes. Another process owns the remaining envelopes.
 */
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

const CLAIMED = {
  name: 'checkpoints.claimed',
  text: `select envelope_id as "envelopeId" from checkpoints
    where envelope_id = any($1::uuid[])`,
}

/**
 * Returns which of these envelopes a worker has claimed. A claim is forgotten a day after its
 * envelope was settled.
 */
export async function envelopesClaimed(
  run: Database['run'],
  envelopeIds: readonly string[],
): Promise<Set<string>> {
  const rows = await run<{ envelopeId: string }>(CLAIMED, [envelopeIds])
  return new Set(rows.map(({ envelopeId }) => envelopeId))
}

const RELEASE = {
  name: 'checkpoints.release',
  text: `update checkpoints set owner = null
    where envelope_id = any($1::uuid[]) and owner = $2::uuid and finished_at is null`,
}

/**
 * Releases envelopes after the answer to their claim was lost. The owner may have claimed them
 * without receiving the result.
 */
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

/**
 * Marks envelopes as finished. All their outcomes must be durable in other tables or queues. The
 * outcomes in the row are deleted, and the row is kept for a day.
 */
export async function finishEnvelopes(
  database: Database,
  envelopeIds: readonly string[],
): Promise<void> {
  if (envelopeIds.length > 0) await database.run(FINISH, [envelopeIds, NO_OUTCOMES])
}

const REMOVE_OLD = {
  name: 'checkpoints.removeOld',
  // Ids contain their creation time, so the oldest rows sort first. The row of an unfinished
  // envelope is kept longer, because the envelope remains on its queue for as long as its SMSC is
  // unavailable.
  text: `delete from checkpoints where envelope_id = any(array(
      select envelope_id from checkpoints
      where envelope_id < uuid_at(now() - interval '1 day')
        and (finished_at < now() - interval '1 day' or updated_at < now() - interval '60 days')
      order by envelope_id limit $1))
    returning envelope_id`,
}

/**
 * Deletes up to `max` rows of envelopes that no queue will deliver again. Returns how many it
 * deleted.
 */
export async function removeOldCheckpoints(database: Database, max: number): Promise<number> {
  return (await database.run(REMOVE_OLD, [max])).length
}
