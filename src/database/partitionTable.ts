// Partitions of the tables that are cut by time: messages, their attempts and acknowledgements by
// day of the message id, upstream_ids by day of the submission. Making one waits for no reader and
// holds up no writer (migration 0013).

import type { Database } from './database.ts'

const ENSURE = {
  name: 'partitions.ensure',
  text: `select ensure_partitions(to_timestamp($1 / 1000.0), to_timestamp($2 / 1000.0))`,
}
const ENSURE_AHEAD = {
  name: 'partitions.ensureAhead',
  text: `select ensure_partitions(now() - interval '1 day', now() + $1 * interval '1 day')`,
}

/** PostgreSQL's check_violation, which a row without a partition is. */
export const NO_PARTITION = '23514'
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/**
 * Creates the missing partitions for messages of these times. It goes day by day: one message from
 * a gateway with a wrong clock must not create fifty years of them.
 */
export async function ensurePartitionsFor(
  database: Database,
  timesMs: readonly number[],
): Promise<void> {
  // A row's own time may lie a little after its message's.
  const near = timesMs.flatMap((atMs) => [atMs, atMs + HOUR_MS])
  const days = new Set(near.map((atMs) => Math.floor(atMs / DAY_MS) * DAY_MS))
  for (const dayMs of days) await database.run(ENSURE, [dayMs, dayMs])
}

/** Creates the missing partitions from yesterday to `days` ahead. */
export async function ensurePartitionsAhead(database: Database, days: number): Promise<void> {
  await database.run(ENSURE_AHEAD, [days])
}
