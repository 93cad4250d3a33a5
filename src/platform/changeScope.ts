// The part of the stored platform that a change of one resource can touch: the resource, those it
// refers to, those that refer to it if it is to be deleted, and those that it may conflict with.
// The part is closed: each resource in it comes with the ones that it refers to. So it is planned
// and checked like a whole platform, with the same answers, at a cost that does not grow with the
// number of accounts and users. A write in the meantime changes the revision, which was read
// first, and the change is planned again.

import type { ResourceKind } from './resourceKind.ts'
import { kindNamed, RESOURCE_KINDS } from './resourceKinds.ts'
import type { ResourceRow } from './resourceRow.ts'
import { platformIn, specIn } from './storedPlatform.ts'
import type { FoundBy, ResourceStore, StoredPlatform } from './storedPlatform.ts'

export interface ChangeScope {
  readonly kind: ResourceKind
  readonly id: string
  /** Undefined if the resource is to be deleted, or changed in a way that its fields decide. */
  readonly given: object | undefined
}

interface Mention {
  readonly kind: string
  readonly id: string
}

/** Throws StoredResourceUnreadable if one of the resources that matter cannot be read. */
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

/** Kinds that have few resources, and no field by which the ones that matter are found. */
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

/** The kinds whose resources may refer to one of this kind. */
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
