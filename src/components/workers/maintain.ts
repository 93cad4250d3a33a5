// Housekeeping that keeps the database from filling up. Any number of processes may run it at the
// same time.

import { removeOldProcesses } from '../../cluster/processTable.ts'
import type { Database } from '../../database/database.ts'
import { dropOldPartitions, type PartitionedTable } from '../../database/oldPartitionTable.ts'
import { ensurePartitionsAhead } from '../../database/partitionTable.ts'
import { asError } from '../../flow/asError.ts'
import { removeOldCheckpoints } from '../../message/checkpointTable.ts'
import { expiredParkedReceipts, removeParked } from '../../message/parkedReceiptTable.ts'
import type { ParkingReason } from '../../message/parkedReceiptTable.ts'
import { leavingEnvelopes } from '../../message/waitingMessageTable.ts'
import { DLR_QUEUE } from '../../message/receiptWire.ts'
import { removeEndedDeliveries } from '../../outbox/endedDeliveryTable.ts'
import { removeTombstones } from '../../platform/tombstoneTable.ts'
import type { QueueUpkeep } from '../../queue/queue.ts'
import type { Config } from '../../runtime/config.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const DAYS_AHEAD = 3
const REMOVED_BATCH = 5_000
const UNMATCHED_BATCH = 500
const WHY_UNMATCHED: Readonly<Record<ParkingReason, string>> = {
  unmatched: 'no message was found for this receipt',
  ambiguous: 'messages of several accounts fit this receipt',
  'without id': 'this receipt names no message',
}

/** The settings that say how long finished records are kept. */
export type Retention = Pick<
  Config,
  | 'receiptTtlHours'
  | 'retainMessagesDays'
  | 'retainAcknowledgedDays'
  | 'retainUndeliveredDays'
  | 'retainDeadLettersDays'
  | 'retainTombstonesDays'
>

export async function maintain(
  database: Database,
  upkeep: QueueUpkeep,
  retention: Retention,
): Promise<void> {
  const { receiptTtlHours } = retention
  await runAll([
    () => ensurePartitionsAhead(database, DAYS_AHEAD),
    async () => {
      const { asOf, envelopeIds } = await leavingEnvelopes(database)
      await upkeep.maintain({ keepMarksOf: envelopeIds, asOf })
    },
    () => inBatches((max) => removeOldCheckpoints(database, max)),
    () => removeOldProcesses(database),
    async () => {
      while ((await setUnmatchedAside(database, upkeep, receiptTtlHours)) === UNMATCHED_BATCH);
    },
    () => forgetRows(database, upkeep, retention),
    () => dropPartitions(database, 'upstream_ids', submissionsMs(retention)),
    () => dropPartitions(database, 'messages', retention.retainMessagesDays * DAY_MS),
    () => dropPartitions(database, 'message_attempts', retention.retainMessagesDays * DAY_MS),
    () =>
      dropPartitions(database, 'outbox_acknowledged', retention.retainAcknowledgedDays * DAY_MS),
    () =>
      dropPartitions(database, 'acknowledged_chunks', retention.retainAcknowledgedDays * DAY_MS),
  ])
}

/**
 * Returns how many ms submissions are kept: as long as their messages, but at least as long as
 * receipts may arrive. Returns 0, which means forever, if messages are kept forever.
 */
function submissionsMs({ retainMessagesDays, receiptTtlHours }: Retention): number {
  if (retainMessagesDays === 0) return 0
  return Math.max(retainMessagesDays * DAY_MS, receiptTtlHours * HOUR_MS)
}

/** Runs every step even if some fail, and then throws the first error. */
async function runAll(steps: readonly (() => Promise<void>)[]): Promise<void> {
  const failures: Error[] = []
  for (const step of steps) await step().catch((error) => failures.push(asError(error)))
  if (failures[0]) throw failures[0]
}

async function inBatches(remove: (max: number) => Promise<number>): Promise<void> {
  while ((await remove(REMOVED_BATCH)) === REMOVED_BATCH);
}

/** Removes old rows from tables without partitions. These rows are found with an index. */
async function forgetRows(
  database: Database,
  upkeep: QueueUpkeep,
  { retainDeadLettersDays, retainTombstonesDays, retainUndeliveredDays }: Retention,
): Promise<void> {
  if (retainUndeliveredDays > 0)
    await inBatches((max) => removeEndedDeliveries(database, retainUndeliveredDays, max))
  if (retainDeadLettersDays > 0)
    await inBatches((max) => upkeep.forgetDeadLetters(retainDeadLettersDays, max))
  if (retainTombstonesDays > 0)
    await inBatches((max) => removeTombstones(database, retainTombstonesDays, max))
}

/** Drops old partitions. A partition that is being read now is dropped in a later round. */
async function dropPartitions(
  database: Database,
  table: PartitionedTable,
  olderThanMs: number,
): Promise<void> {
  if (olderThanMs > 0) await dropOldPartitions(database, table, olderThanMs)
}

/**
 * Moves receipts whose message was never found to the dead letters, where an operator sees them. A
 * receipt becomes a dead letter before its row is removed, so a crash may duplicate a receipt but
 * never loses it.
 */
async function setUnmatchedAside(
  database: Database,
  upkeep: QueueUpkeep,
  receiptTtlHours: number,
): Promise<number> {
  return database.transaction(async (run) => {
    const expired = await expiredParkedReceipts(run, receiptTtlHours, UNMATCHED_BATCH)
    await upkeep.setAside(
      expired.map(({ receipt: payload, reason, sweeps: receives }) => ({
        queue: DLR_QUEUE,
        payload,
        reason: WHY_UNMATCHED[reason],
        receives,
      })),
    )
    await removeParked(
      run,
      expired.map(({ id }) => id),
    )
    return expired.length
  })
}
