import type { PlatformChange } from './platformPlan.ts'
import { kindNamed } from './resourceKinds.ts'

/**
 * Counts the resources that the changes delete, by title: `2 users`, `1 route`. A resource that
 * exists only once, such as the route table, cannot be deleted. Instead, the entries removed from
 * its lists and the fields removed from it are counted. For example, a document without a route
 * table deletes the routes. A replaced or moved entry does not count as deleted.
 */
export function deletionCounts(changes: readonly PlatformChange[]): string[] {
  const counts = new Map<string, number>()
  for (const what of changes.flatMap((change) => deletionsIn(change)))
    counts.set(what, (counts.get(what) ?? 0) + 1)
  return [...counts].map(([what, count]) => `${count} ${what}${count === 1 ? '' : 's'}`)
}

function deletionsIn({ action, kind, fields }: PlatformChange): string[] {
  const { isSingle, title } = kindNamed(kind) ?? { isSingle: false, title: kind }
  if (action === 'delete') return [title]
  if (!isSingle) return []
  const joined = new Set(fields.flatMap(({ path, to }) => (to === undefined ? [] : key(path, to))))
  return fields
    .filter(({ path, from, to }) => to === undefined && !joined.has(key(path, from)))
    .map(({ path }) => entryTitle(path) ?? `${path} of the ${title}`)
}

/** The list and the key of an entry. The text of an entry starts with its key: `43 to carrier`. */
function key(path: string, entry: unknown): string {
  return `${path.replace(/\[\d+\]$/, '')} ${String(entry).split(' ', 1)[0]}`
}

/** Returns `route` for `routes[3]`; undefined if the path is not an entry of a list. */
function entryTitle(path: string): string | undefined {
  return /^(\w+?)s\[\d+\]$/.exec(path)?.[1]
}
