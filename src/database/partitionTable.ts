// Creates partitions of the tables that are partitioned by time. Messages, their attempts and their
// acknowledgements are partitioned by the day of the message id, and upstream_ids by the day of the
// submission. Creating a partition neither waits for readers nor delays writers (migration 0013).

import type { Database } from './database.ts'

const ENSURE = {
  name: 'partitions.ensure',
  text: `select ensure_partitions(to_timestamp($1 / 1000.0), to_timestamp($2 / 1000.0))`,
}
const ENSURE_AHEAD = {
  name: 'partitions.ensureAhead',
  text: `select ensure_partitions(now() - interval '1 day', now() + $1 * interval '1 day')`,
}

/** PostgreSQL's check_violation, the error for a row that fits no partition. */
export const NO_PARTITION = '23514'
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/**
 * Creates the missing partitions for messages of these times. Days without messages are skipped, so
 * that a single message from a gateway with a wrong clock does not create fifty years of
 * partitions.
 */
export async function ensurePartitionsFor(
  database: Database,
  timesMs: readonly number[],
): Promise<void> {
  // The time of a row may be slightly later than the time of its message, and thus on the next day.
  const near = timesMs.flatMap((atMs) => [atMs, atMs + HOUR_MS])
  const days = new Set(near.map((atMs) => Math.floor(atMs / DAY_MS) * DAY_MS))
  for (const dayMs of days) await database.run(ENSURE, [dayMs, dayMs])
}

/** Creates the missing partitions for all days from yesterday until `days` days from now. */
export async function ensurePartitionsAhead(database: Database, days: number): Promise<void> {
  await database.run(ENSURE_AHEAD, [days])
}
