import type { Database } from './database.ts'

const NOW = {
  name: 'clock.now',
  text: 'select (extract(epoch from clock_timestamp()) * 1000)::float8 as "nowMs"',
}

/** Reads the present time of the database's clock, in ms since the epoch. */
export async function readDatabaseTime(database: Database): Promise<number> {
  const [row] = await database.run<{ nowMs: number }>(NOW)
  if (!row) throw new Error('the database did not return its time')
  return row.nowMs
}
