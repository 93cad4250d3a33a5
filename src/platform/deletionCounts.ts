import type { PlatformChange } from './platformPlan.ts'
import { kindNamed } from './resourceKinds.ts'

/**
 * What the changes take away, each with its number: `2 users`, `1 route`. A single resource cannot
 * be deleted, so what leaves its lists and fields counts instead: a document without a route table
 * deletes the routes. An entry that is replaced or moved is not deleted.
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

/** Entries of a list are texts that begin with their key: `43 to carrier`. */
function key(path: string, entry: unknown): string {
  return `${path.replace(/\[\d+\]$/, '')} ${String(entry).split(' ', 1)[0]}`
}

/** `route` of `routes[3]`. */
function entryTitle(path: string): string | undefined {
  return /^(\w+?)s\[\d+\]$/.exec(path)?.[1]
}
