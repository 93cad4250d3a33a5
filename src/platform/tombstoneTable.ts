// Tombstones: the rows of deleted resources, from which followers learn of the deletion. A follower
// that heard nothing for half a day reads everything anew, so a tombstone of a day has done its
// work.

import type { Database } from '../database/database.ts'

const REMOVE = {
  name: 'resources.removeTombstones',
  text: `delete from resources where deleted and (kind, id) in (
      select kind, id from resources
      where deleted and deleted_at < now() - $1 * interval '1 day'
      order by deleted_at limit $2)
    returning id`,
}
const OLDEST = {
  name: 'resources.oldestTombstone',
  text: 'select deleted_at as at from resources where deleted order by deleted_at limit 1',
}

/** Forgets up to `max` of them; returns how many. */
export async function removeTombstones(
  database: Database,
  olderThanDays: number,
  max: number,
): Promise<number> {
  return (await database.run(REMOVE, [olderThanDays, max])).length
}

export async function oldestTombstoneAt(run: Database['run']): Promise<Date | undefined> {
  return (await run<{ at: Date }>(OLDEST))[0]?.at
}
