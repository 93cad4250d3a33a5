import { accountKind } from './account.ts'
import { connectorKind } from './connector.ts'
import type { ResourceKind } from './resourceKind.ts'
import { routeTableKind } from './routes.ts'
import { userKind } from './user.ts'

/** All kinds, in the order of documents and of changes. */
const KINDS = [accountKind, userKind, connectorKind, routeTableKind] as const

/** One of the kinds above, with its own names and its own schema. */
export type KnownKind = (typeof KINDS)[number]

export const RESOURCE_KINDS: readonly ResourceKind[] = KINDS

const byName = new Map(RESOURCE_KINDS.map((kind) => [kind.kind, kind]))

/** Undefined for a kind that only another version knows. */
export function kindNamed(name: string): ResourceKind | undefined {
  return byName.get(name)
}

/** A resource in a sentence: `account demo`; of a single one the kind alone: `route table`. */
export function resourceTitle(kindName: string, id: string): string {
  const kind = kindNamed(kindName)
  if (kind?.isSingle) return kind.title
  return `${kind?.title ?? kindName} ${id}`
}

/** Names of fields, in any kind, whose values are never repeated to anybody. */
export const SECRET_FIELDS: ReadonlySet<PropertyKey> = new Set(
  RESOURCE_KINDS.flatMap(({ secrets }) => Object.keys(secrets ?? {})),
)
