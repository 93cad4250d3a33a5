import { resourcesOf } from './platformDocument.ts'
import type { PlatformDocument } from './platformDocument.ts'
import { place } from './problemItem.ts'
import type { ProblemItem } from './problemItem.ts'
import type { ResourceKind } from './resourceKind.ts'
import { RESOURCE_KINDS } from './resourceKinds.ts'

/**
 * Finds faults that concern several resources: duplicate ids, and references to resources that do
 * not exist.
 */
export function platformProblems(document: PlatformDocument): ProblemItem[] {
  const ids = new Map(
    RESOURCE_KINDS.map((kind) => [
      kind.kind,
      new Set(resourcesOf(document, kind).map(({ id }) => id)),
    ]),
  )
  const exists = (kind: string, id: string) => ids.get(kind)?.has(id) ?? false
  return [
    ...RESOURCE_KINDS.flatMap((kind) => duplicates(document, kind)),
    ...RESOURCE_KINDS.flatMap((kind) => lostReferences(document, kind, exists)),
  ]
}

function duplicates(document: PlatformDocument, kind: ResourceKind): ProblemItem[] {
  const seen = new Set<string>()
  return resourcesOf(document, kind).flatMap(({ id, keys, name }) => {
    if (seen.has(id)) return [{ ...place(keys), path: name, detail: 'appears twice' }]
    seen.add(id)
    return []
  })
}

function lostReferences(
  document: PlatformDocument,
  kind: ResourceKind,
  exists: (kind: string, id: string) => boolean,
): ProblemItem[] {
  return resourcesOf(document, kind).flatMap(({ spec, keys, name }) =>
    (kind.references ?? []).flatMap((relation) =>
      relation
        .in(spec)
        .filter(({ id }) => !exists(relation.to.kind, id))
        .map(({ id, at }) => ({
          pointer: place([...keys, ...at]).pointer,
          path: `${name}.${place(at).path}`,
          detail: `there is no ${relation.to.title} "${id}"`,
        })),
    ),
  )
}
