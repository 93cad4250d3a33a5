// Plans the changes and writes that turn the stored platform into the given platform. A given
// document is complete: resources that it does not contain are deleted. Each kind seals its
// secrets, which means that it converts them to their stored form. Applying the same document twice
// changes nothing. In a document, HIDDEN stands for the stored secret. It is an error if no secret
// is stored.

import { fieldChanges } from './fieldChanges.ts'
import type { FieldChange } from './fieldChanges.ts'
import { documentOf, resourcesOf } from './platformDocument.ts'
import type { PlatformDocument } from './platformDocument.ts'
import { platformProblems } from './platformProblems.ts'
import { place } from './problemItem.ts'
import type { ProblemItem } from './problemItem.ts'
import type { Placed, ResourceKind } from './resourceKind.ts'
import { RESOURCE_KINDS } from './resourceKinds.ts'
import type { ResourceChange } from './resourceRow.ts'

export interface PlatformChange {
  readonly action: 'create' | 'update' | 'delete'
  readonly kind: string
  readonly id: string
  readonly fields: readonly FieldChange[]
}

export type PlatformPlan =
  | {
      readonly kind: 'plan'
      readonly changes: readonly PlatformChange[]
      readonly writes: readonly ResourceChange[]
      /** The platform after the writes, with sealed secrets. */
      readonly platform: PlatformDocument
    }
  | { readonly kind: 'problems'; readonly problems: readonly ProblemItem[] }

/** The sealed resources of one kind, without the resources that have problems. */
interface SealedKind {
  readonly kind: ResourceKind
  readonly resources: readonly Placed<object>[]
  readonly problems: readonly ProblemItem[]
}

export async function planPlatform(
  given: PlatformDocument,
  stored: PlatformDocument,
): Promise<PlatformPlan> {
  const faults = platformProblems(given)
  if (faults.length > 0) return { kind: 'problems', problems: faults }
  const sealed = await Promise.all(RESOURCE_KINDS.map((kind) => sealKind(kind, given, stored)))
  const problems = [
    ...sealed.flatMap((one) => one.problems),
    ...sealed.flatMap(
      ({ kind, resources }) => kind.conflicts?.(resources, specsById(stored, kind)) ?? [],
    ),
  ]
  if (problems.length > 0) return { kind: 'problems', problems }
  const specs = new Map(
    sealed.map(({ kind, resources }) => [kind.kind, resources.map(({ spec }) => spec)]),
  )
  const platform = documentOf(({ kind }) => specs.get(kind) ?? [])
  return { kind: 'plan', platform, ...plannedChanges(platform, stored) }
}

async function sealKind(
  kind: ResourceKind,
  given: PlatformDocument,
  stored: PlatformDocument,
): Promise<SealedKind> {
  const before = specsById(stored, kind)
  const outcomes = await Promise.all(
    resourcesOf(given, kind).map(async (resource) => {
      const { id, spec, keys } = resource
      const sealed = (await kind.seal?.(spec, before.get(id))) ?? { kind: 'sealed' as const, spec }
      if (sealed.kind === 'sealed') return { ...resource, spec: sealed.spec }
      return { ...place([...keys, ...sealed.at]), detail: sealed.detail }
    }),
  )
  return {
    kind,
    resources: outcomes.filter((outcome) => 'spec' in outcome),
    problems: outcomes.filter((outcome) => 'detail' in outcome),
  }
}

function plannedChanges(after: PlatformDocument, before: PlatformDocument) {
  const changes: PlatformChange[] = []
  const writes: ResourceChange[] = []
  for (const kind of RESOURCE_KINDS) {
    const specs = specsById(after, kind)
    for (const change of changesOf(kind, specsById(before, kind), specs)) {
      changes.push(change)
      writes.push({ kind: kind.kind, id: change.id, spec: specs.get(change.id) })
    }
  }
  return { changes, writes }
}

type SpecsById = ReadonlyMap<string, object>

function changesOf(kind: ResourceKind, before: SpecsById, after: SpecsById): PlatformChange[] {
  const kept = [...after].flatMap(([id, spec]): PlatformChange[] => {
    const was = before.get(id)
    const fields = fieldChanges(kind, was, spec)
    if (was === undefined) return [{ action: 'create', kind: kind.kind, id, fields }]
    return fields.length === 0 ? [] : [{ action: 'update', kind: kind.kind, id, fields }]
  })
  const gone = [...before.keys()].filter((id) => !after.has(id))
  return [
    ...kept,
    ...gone.map((id) => ({ action: 'delete' as const, kind: kind.kind, id, fields: [] })),
  ]
}

function specsById(document: PlatformDocument, kind: ResourceKind): SpecsById {
  return new Map(resourcesOf(document, kind).map(({ id, spec }) => [id, spec]))
}
