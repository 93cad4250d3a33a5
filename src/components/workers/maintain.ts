// Housekeeping that keeps the database from filling up. Any number of processes may do it at once.

import { removeOldProcesses } from '../../cluster/processTable.ts'
import type { Database } from '../../database/database.ts'
import { dropOldUpstreamIds, ensurePartitionsAhead } from '../../database/partitionTable.ts'
import { removeOldCheckpoints } from '../../message/checkpointTable.ts'
import { expiredParkedReceipts, removeParked } from '../../message/parkedReceiptTable.ts'
import type { ParkingReason } from '../../message/parkedReceiptTable.ts'
import { leavingEnvelopes } from '../../message/waitingMessageTable.ts'
import { DLR_QUEUE } from '../../message/receiptWire.ts'
import type { QueueUpkeep } from '../../queue/queue.ts'

const DAYS_AHEAD = 3
const CHECKPOINTS_BATCH = 5_000
const UNMATCHED_BATCH = 500
const WHY_UNMATCHED: Readonly<Record<ParkingReason, string>> = {
  unmatched: 'no message was found for this receipt',
  ambiguous: 'messages of several accounts fit this receipt',
  'without id': 'this receipt names no message',
}

export async function maintain(
  database: Database,
  upkeep: QueueUpkeep,
  receiptTtlHours: number,
): Promise<void> {
  await ensurePartitionsAhead(database, DAYS_AHEAD)
  const { asOf, envelopeIds } = await leavingEnvelopes(database)
  await upkeep.maintain({ keepMarksOf: envelopeIds, asOf })
  while ((await removeOldCheckpoints(database, CHECKPOINTS_BATCH)) === CHECKPOINTS_BATCH);
  await removeOldProcesses(database)
  while ((await setUnmatchedAside(database, upkeep, receiptTtlHours)) === UNMATCHED_BATCH);
  await dropOldUpstreamIds(database, receiptTtlHours)
}

/**
 * Sets receipts aside whose message never showed up, so that a person sees them. A crash between
 * the two steps sets the same receipt aside twice; it never loses one.
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
