import { accountKind } from './account.ts'
import { connectorKind } from './connector.ts'
import type { ResourceKind } from './resourceKind.ts'
import { routeTableKind } from './routes.ts'
import { userKind } from './user.ts'

/** All kinds, in the order in which documents and changes list them. */
const KINDS = [accountKind, userKind, connectorKind, routeTableKind] as const

/** One of the kinds above, with its own names and its own schema. */
export type KnownKind = (typeof KINDS)[number]

export const RESOURCE_KINDS: readonly ResourceKind[] = KINDS

const byName = new Map(RESOURCE_KINDS.map((kind) => [kind.kind, kind]))

/**
 * Finds a kind by its name in stored rows. Returns undefined if this version of Signalbox does not
 * know the kind.
 */
export function kindNamed(name: string): ResourceKind | undefined {
  return byName.get(name)
}

/** Names a resource in a sentence: `account demo`, or `route table` for a single resource. */
export function resourceTitle(kindName: string, id: string): string {
  const kind = kindNamed(kindName)
  if (kind?.isSingle) return kind.title
  return `${kind?.title ?? kindName} ${id}`
}

/** The names of secret fields of all kinds. Their values must never be output. */
export const SECRET_FIELDS: ReadonlySet<PropertyKey> = new Set(
  RESOURCE_KINDS.flatMap(({ secrets }) => Object.keys(secrets ?? {})),
)
