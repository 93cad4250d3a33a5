// The platform is the set of all resources: accounts, users, connectors and the route table. This
// module reads the part of the stored platform that matters for a change of one resource:
// - the resource itself
// - the resources to which it refers
// - if the resource is to be deleted, the resources that refer to it
// - the resources with which it may conflict
// The part also includes all resources to which any of these refer. Therefore the part can be
// planned and checked like a whole platform, with the same result. The cost does not grow with the
// number of accounts and users. The revision is read first. If another process changes the platform
// in the meantime, the revision no longer matches when the change is written, and the change is
// planned again.

import type { ResourceKind } from './resourceKind.ts'
import { kindNamed, RESOURCE_KINDS } from './resourceKinds.ts'
import type { ResourceRow } from './resourceRow.ts'
import { platformIn, specIn } from './storedPlatform.ts'
import type { FoundBy, ResourceStore, StoredPlatform } from './storedPlatform.ts'

export interface ChangeScope {
  readonly kind: ResourceKind
  readonly id: string
  /** The new spec. Undefined for a deletion, or if the new spec depends on the stored fields. */
  readonly given: object | undefined
}

interface Mention {
  readonly kind: string
  readonly id: string
}

/**
 * Reads the part of the platform that matters for the change. Throws StoredResourceUnreadable if a
 * resource in this part cannot be read.
 */
export async function readScope(
  store: Pick<ResourceStore, 'read'>,
  scope: ChangeScope,
): Promise<StoredPlatform> {
  const kinds = new Set(wholeKinds(scope))
  const foundBy = lookUps(scope).filter(({ kind }) => !kinds.has(kind))
  const mentions = scope.given ? mentionsIn(scope.kind, scope.given) : []
  let ids = [{ kind: scope.kind.kind, id: scope.id }, ...mentions]
  const first = await store.read({ kinds: [...kinds], ids, foundBy })
  const rows = new Map(first.rows.map((row) => [keyOf(row), row]))
  const sought = new Set(ids.map(keyOf))
  let added: readonly ResourceRow[] = first.rows
  for (;;) {
    ids = missing(
      added,
      (one) => rows.has(keyOf(one)) || kinds.has(one.kind) || sought.has(keyOf(one)),
    )
    if (ids.length === 0) return platformIn({ revision: first.revision, rows: [...rows.values()] })
    for (const one of ids) sought.add(keyOf(one))
    added = (await store.read({ kinds: [], ids, foundBy: [] })).rows
    for (const row of added) rows.set(keyOf(row), row)
  }
}

/**
 * Returns the kinds that are read completely, because they have few resources and no field for a
 * look-up.
 */
function wholeKinds({ kind, given }: ChangeScope): string[] {
  const rivals = kind.conflicts && !kind.rivals ? [kind.kind] : []
  if (given) return rivals
  return [...rivals, ...referring(kind).flatMap(({ from, field }) => (field ? [] : [from]))]
}

function lookUps({ kind, id, given }: ChangeScope): FoundBy[] {
  if (given) return (kind.rivals?.(given) ?? []).map((one) => ({ ...one, kind: kind.kind }))
  return referring(kind).flatMap(({ from, field }) =>
    field ? [{ kind: from, field, value: id }] : [],
  )
}

/** Returns the kinds whose resources may refer to a resource of this kind. */
function referring(kind: ResourceKind): { from: string; field: string | undefined }[] {
  return RESOURCE_KINDS.flatMap((from) =>
    (from.references ?? [])
      .filter(({ to }) => to.kind === kind.kind)
      .map(({ field }) => ({ from: from.kind, field })),
  )
}

function missing(rows: readonly ResourceRow[], isKnown: (one: Mention) => boolean): Mention[] {
  const mentions = rows.flatMap((row) => {
    const kind = row.deleted ? undefined : kindNamed(row.kind)
    return kind ? mentionsIn(kind, specIn(kind, row)) : []
  })
  const found = new Map(mentions.map((one) => [keyOf(one), one]))
  return [...found.values()].filter((one) => !isKnown(one))
}

function mentionsIn(kind: ResourceKind, spec: object): Mention[] {
  return (kind.references ?? []).flatMap(({ to, in: referencesIn }) =>
    referencesIn(spec).map(({ id }) => ({ kind: to.kind, id })),
  )
}

function keyOf({ kind, id }: Mention): string {
  return `${kind}/${id}`
}
