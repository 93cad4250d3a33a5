import type { Database } from './database.ts'

const NOW = {
  name: 'clock.now',
  text: 'select (extract(epoch from clock_timestamp()) * 1000)::float8 as "nowMs"',
}

/** The time of day by the database's clock, in ms since the epoch. */
export async function readDatabaseTime(database: Database): Promise<number> {
  const [row] = await database.run<{ nowMs: number }>(NOW)
  if (!row) throw new Error('the database did not say its time')
  return row.nowMs
}
