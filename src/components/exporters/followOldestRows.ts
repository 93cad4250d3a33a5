// Measures the age of the oldest row of each kind of data that retention removes after some days.
// An alarm on this metric shows when old rows are no longer removed.

import type { Database } from '../../database/database.ts'
import { repeat } from '../../flow/repeat.ts'
import { readOldestMessages } from '../../message/oldestMessageTable.ts'
import { readOldestDeliveries } from '../../outbox/endedDeliveryTable.ts'
import { oldestTombstoneAt } from '../../platform/tombstoneTable.ts'
import type { QueueUpkeep } from '../../queue/queue.ts'
import type { Metrics } from '../../runtime/metrics.ts'
import { EXPORTER_METRICS } from './exporterMetrics.ts'

const INTERVAL_MS = 60_000

export interface OldestRowsOptions {
  readonly metrics: Metrics
  readonly database: Database
  readonly upkeep: QueueUpkeep
  onTrouble(what: string, error: Error): void
}

/**
 * Reads the ages immediately, and again every minute. Returns a function that stops the reading.
 */
export function followOldestRows(options: OldestRowsOptions): () => void {
  const { database, metrics, onTrouble, upkeep } = options
  const age = metrics.gauge(EXPORTER_METRICS.oldestRow)
  const refresh = async (): Promise<void> => {
    for (const [rows, at] of await readOldestRows(database, upkeep))
      age.set({ rows }, at ? Math.max(0, Date.now() - at.getTime()) / 1000 : 0)
  }
  return repeat(INTERVAL_MS, 'reading the age of the oldest rows failed', refresh, onTrouble)
}

/** Reads when the oldest row of each kind was written. Each kind costs one look-up in an index. */
async function readOldestRows(
  { run }: Database,
  upkeep: QueueUpkeep,
): Promise<Map<string, Date | undefined>> {
  const { checkpointAt, messageAt } = await readOldestMessages(run)
  const { acknowledgedAt, endedAt } = await readOldestDeliveries(run)
  return new Map([
    ['messages', messageAt],
    ['acknowledged_deliveries', acknowledgedAt],
    ['undelivered', endedAt],
    ['dead_letters', await upkeep.oldestDeadLetterAt()],
    ['tombstones', await oldestTombstoneAt(run)],
    ['checkpoints', checkpointAt],
  ])
}
