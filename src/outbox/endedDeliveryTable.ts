// Expires deliveries that are not acknowledged in time, and deletes deliveries that ended long ago.
// A pending delivery is a row of `outbox`, or part of a chunk of several deliveries. Refused and
// expired deliveries are kept in `outbox` for some days. Acknowledged deliveries are in partitioned
// tables, whose old partitions are dropped (dropOldPartitions in oldPartitionTable.ts).

import type { Database } from '../database/database.ts'
import { type MessageId, timeOf } from '../message/ids.ts'
import { type Delivery, unpackDeliveries, UnreadableChunk } from './deliveryChunk.ts'

const EXPIRE_ROWS = {
  name: 'outbox.expireRows',
  text: `update outbox set state = 'expired', ended_at = now(), leased_by = null
    where id = any(array(
      select id from outbox where state = 'pending' and expires_at <= now()
      order by expires_at limit $1))
    returning id`,
}

const EXPIRED_CHUNKS = {
  name: 'outbox.expiredChunks',
  text: `select id, account, user_id, payload, created_at, expires_at
    from outbox_chunks as chunk
    where expires_at <= now() and not exists (
      select from outbox_leases as l where l.chunk_id = chunk.id and l.until > now())
    order by expires_at limit $1 for update skip locked`,
}
/**
 * EXPIRED_CHUNKS may miss a lease, because another process may have leased a chunk after
 * EXPIRED_CHUNKS read the leases and before it locked the chunk.
 */
const LEASED_CHUNKS = {
  name: 'outbox.leasedChunks',
  text: `select chunk_id as id from outbox_leases
    where chunk_id = any($1::bigint[]) and until > clock_timestamp()`,
}
const REMOVE_CHUNKS = {
  name: 'outbox.removeChunks',
  text: `with leases as (delete from outbox_leases where chunk_id = any($1::bigint[]))
    delete from outbox_chunks where id = any($1::bigint[])`,
}
const KEEP_EXPIRED = {
  name: 'outbox.keepExpired',
  text: `insert into outbox (account, user_id, message_id, deliver_sm, state, created_at,
        expires_at, attempts, ended_at)
    select account, user_id, message_id, deliver_sm, 'expired', to_timestamp(created / 1000.0),
      to_timestamp(expires / 1000.0), 0, now()
    from unnest($1::text[], $2::text[], $3::uuid[], $4::bytea[], $5::float8[], $6::float8[])
      as expired (account, user_id, message_id, deliver_sm, created, expires)`,
}

const KEEP_UNREADABLE = {
  name: 'outbox.keepUnreadable',
  text: `update outbox_chunks set expires_at = now() + interval '1 day'
    where id = any($1::bigint[])`,
}

const ROWS_AT_ONCE = 1_000
const CHUNKS_AT_ONCE = 20

/**
 * Expires some of the deliveries that have waited too long. Returns the number of rows and chunks
 * that expired. A chunk that cannot be read is kept for another day, and an error that names all
 * unreadable chunks is thrown at the end.
 */
export async function expireOutbox(database: Database): Promise<number> {
  const rows = await database.run(EXPIRE_ROWS, [ROWS_AT_ONCE])
  const { ended, unreadable } = await database.transaction(expireChunks)
  if (unreadable.length === 0) return rows.length + ended
  const ids = unreadable.join(', ')
  throw new Error(`expired outbox chunks cannot be read and are kept for another day: ${ids}`)
}

interface ExpiredChunk {
  readonly id: string
  readonly account: string
  readonly user_id: string
  readonly payload: Buffer
  readonly created_at: Date
  readonly expires_at: Date
}

async function expireChunks(run: Database['run']) {
  const found = await run<ExpiredChunk>(EXPIRED_CHUNKS, [CHUNKS_AT_ONCE])
  const leased = await run<{ id: string }>(LEASED_CHUNKS, [found.map(({ id }) => id)])
  const chunks = found.filter((chunk) => !leased.some(({ id }) => id === chunk.id))
  const unreadable: string[] = []
  const expired = chunks.flatMap((chunk) => {
    const deliveries = readableDeliveries(chunk)
    if (!deliveries) unreadable.push(chunk.id)
    return (deliveries ?? []).map((delivery) => ({ ...delivery, chunk }))
  })
  const ended = chunks.map(({ id }) => id).filter((id) => !unreadable.includes(id))
  if (unreadable.length > 0) await run(KEEP_UNREADABLE, [unreadable])
  if (ended.length === 0) return { ended: 0, unreadable }
  await run(KEEP_EXPIRED, [
    expired.map(({ chunk }) => chunk.account),
    expired.map(({ chunk }) => chunk.user_id),
    expired.map(({ messageId }) => messageId),
    expired.map(({ deliverSm }) => deliverSm),
    expired.map(({ chunk }) => chunk.created_at.getTime()),
    expired.map(({ chunk }) => chunk.expires_at.getTime()),
  ])
  await run(REMOVE_CHUNKS, [ended])
  return { ended: ended.length, unreadable }
}

function readableDeliveries({ payload }: ExpiredChunk): readonly Delivery[] | undefined {
  try {
    return unpackDeliveries(payload)
  } catch (error) {
    if (error instanceof UnreadableChunk) return undefined
    throw error
  }
}

const REMOVE_ENDED = {
  name: 'outbox.removeEnded',
  text: `delete from outbox where id = any(array(
      select id from outbox where state <> 'pending' and ended_at < now() - $1 * interval '1 day'
      order by ended_at limit $2))
    returning id`,
}

/** Deletes up to `max` refused and expired deliveries. Returns how many it deleted. */
export async function removeEndedDeliveries(
  database: Database,
  olderThanDays: number,
  max: number,
): Promise<number> {
  return (await database.run(REMOVE_ENDED, [olderThanDays, max])).length
}

const OLDEST_ENDED = {
  name: 'outbox.oldestEnded',
  text: `select ended_at as at from outbox
    where state <> 'pending' and ended_at is not null order by ended_at limit 1`,
}
const OLDEST_ACKNOWLEDGED = {
  name: 'outbox.oldestAcknowledged',
  // Partitions are read in order, so the first message id comes from the index of the oldest
  // partition. The table acknowledged_chunks has no such index. All rows of its oldest partition
  // belong to one day, so the time of any of these rows is precise enough.
  text: `select least(
      (select message_id from outbox_acknowledged order by message_id limit 1),
      (select message_id from acknowledged_chunks limit 1)) as message_id`,
}

export interface OldestDeliveries {
  readonly endedAt: Date | undefined
  /** When the oldest acknowledged message was accepted, not when its receipt was acknowledged. */
  readonly acknowledgedAt: Date | undefined
}

export async function readOldestDeliveries(run: Database['run']): Promise<OldestDeliveries> {
  const [ended] = await run<{ at: Date }>(OLDEST_ENDED)
  const [acknowledged] = await run<{ message_id: MessageId | null }>(OLDEST_ACKNOWLEDGED)
  return {
    endedAt: ended?.at,
    acknowledgedAt: acknowledged?.message_id
      ? new Date(timeOf(acknowledged.message_id))
      : undefined,
  }
}
