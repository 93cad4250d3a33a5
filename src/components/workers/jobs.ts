// Work with a schedule: waiting messages return to their queue, deliveries expire, partitions are
// made and dropped, and leftovers of crashes are cleared. Every worker process does it; the
// statements are written so that several at once do no harm.

import { repeat } from '../../flow/repeat.ts'
import type { Queue, QueueUpkeep } from '../../queue/queue.ts'
import type { Database } from '../../database/database.ts'
import { maintain } from './maintain.ts'
import { LATER_BATCH, moveDue } from './moveDue.ts'
import { expireOutbox } from '../../outbox/outboxTable.ts'

export interface JobsOptions {
  database: Database
  queue: Queue
  upkeep: QueueUpkeep
  receiptTtlHours: number
  onTrouble: (what: string, error: Error) => void
}

const LATER_INTERVAL_MS = 250
const EXPIRE_INTERVAL_MS = 60_000
const MAINTENANCE_INTERVAL_MS = 15 * 60_000

/** Starts them; returns how to stop. */
export function startJobs({
  database,
  queue,
  upkeep,
  receiptTtlHours,
  onTrouble,
}: JobsOptions): () => void {
  const moveAllDue = async (): Promise<void> => {
    while ((await moveDue({ database, queue, upkeep, onTrouble })) === LATER_BATCH);
  }
  const expireAll = async (): Promise<void> => {
    while ((await expireOutbox(database)) > 0);
  }
  const stops = [
    repeat(LATER_INTERVAL_MS, 'moving what was due', moveAllDue, onTrouble),
    repeat(EXPIRE_INTERVAL_MS, 'expiring deliveries', expireAll, onTrouble),
    repeat(
      MAINTENANCE_INTERVAL_MS,
      'maintenance',
      () => maintain(database, upkeep, receiptTtlHours),
      onTrouble,
    ),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}
