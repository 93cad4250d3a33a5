// Removes tombstones, which are the rows of deleted resources. Processes that keep a copy of the
// platform learn of deletions from tombstones. A process that got no answer from the database for
// half a day reads all resources again, so a tombstone is no longer needed after a day.

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

/** Deletes up to `max` old tombstones. Returns how many it deleted. */
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
