import type { PlatformDocument } from './resources.ts'

/** Named at most so many times; the rest is counted. */
const NAMED_MAX = 5

/** Why a resource cannot be deleted yet, and what to do first; undefined when nothing needs it. */
export function usesOf(
  list: 'accounts' | 'users' | 'connectors',
  id: string,
  platform: PlatformDocument,
): string | undefined {
  if (list === 'accounts') {
    const users = platform.users.filter((user) => user.account === id).map((user) => user.id)
    if (users.length === 0) return undefined
    return (
      `account "${id}" has users: ${named(users)}. ` +
      'Delete them or move them to another account first'
    )
  }
  if (list === 'connectors') {
    const { routes, default: byDefault } = platform.routeTable
    const uses = routes.flatMap(({ prefix, connector }) =>
      connector === id ? [`prefix ${prefix}`] : [],
    )
    if (byDefault === id) uses.push('the default')
    if (uses.length === 0) return undefined
    return (
      `the route table leads to connector "${id}": ${named(uses)}. ` +
      'Change it first: PUT /admin/v1/route-table'
    )
  }
  return undefined
}

function named(uses: readonly string[]): string {
  const rest = uses.length - NAMED_MAX
  const shown = uses.slice(0, NAMED_MAX).join(', ')
  return rest > 0 ? `${shown} and ${rest} more` : shown
}
