import type { z } from 'zod'
import { RESOURCE_KINDS } from './resourceKinds.ts'
import type { KnownKind } from './resourceKinds.ts'
import { SINGLE_ID } from './resourceKind.ts'
import type { ResourceRow } from './resourceRow.ts'

type PartOf<Kind extends KnownKind> = Kind['isSingle'] extends true
  ? z.output<Kind['schema']>
  : ReadonlyMap<string, z.output<Kind['schema']>>

/** The platform at one revision, as components hold it in memory. Never changed. */
export type Platform = { readonly revision: number } & {
  readonly [Kind in KnownKind as Kind['key']]: PartOf<Kind>
}

/** The rows a Platform is made of, by `kind/id`: what is kept on disk, and what deltas change. */
export type ResourceRows = ReadonlyMap<string, ResourceRow>

export function withChanges(rows: ResourceRows, changes: readonly ResourceRow[]): ResourceRows {
  const next = new Map(rows)
  for (const change of changes) {
    const key = `${change.kind}/${change.id}`
    if (change.deleted) next.delete(key)
    else next.set(key, change)
  }
  return next
}

export function buildPlatform(revision: number, rows: ResourceRows): Platform {
  const parts = RESOURCE_KINDS.map((kind) => {
    const ofKind = [...rows.values()].filter((row) => row.kind === kind.kind)
    const specs = new Map(ofKind.map(({ id, spec }) => [id, spec]))
    return [kind.key, kind.isSingle ? (specs.get(SINGLE_ID) ?? kind.initial) : specs] as const
  })
  // The admin API checked each spec against the schema of its kind before it was written.
  return { revision, ...Object.fromEntries(parts) } as Platform
}

export const EMPTY_PLATFORM = buildPlatform(0, new Map())
