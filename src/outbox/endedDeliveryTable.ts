// Deliveries that are over: refused and expired ones, which stay in the outbox, and acknowledged
// ones, whose partitions are dropped.

import type { Database } from '../database/database.ts'
import { type MessageId, timeOf } from '../message/ids.ts'

const REMOVE_ENDED = {
  name: 'outbox.removeEnded',
  text: `delete from outbox where id = any(array(
      select id from outbox where state <> 'pending' and ended_at < now() - $1 * interval '1 day'
      order by ended_at limit $2))
    returning id`,
}

/** Forgets up to `max` refused and expired deliveries; returns how many. */
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
  // In the order of partitions, the first of the index.
  text: 'select message_id from outbox_acknowledged order by message_id limit 1',
}

export interface OldestDeliveries {
  readonly endedAt: Date | undefined
  /** By the time of its message. */
  readonly acknowledgedAt: Date | undefined
}

export async function readOldestDeliveries(run: Database['run']): Promise<OldestDeliveries> {
  const [ended] = await run<{ at: Date }>(OLDEST_ENDED)
  const [acknowledged] = await run<{ message_id: MessageId }>(OLDEST_ACKNOWLEDGED)
  return {
    endedAt: ended?.at,
    acknowledgedAt: acknowledged && new Date(timeOf(acknowledged.message_id)),
  }
}
