import type { z } from 'zod'
import { SINGLE_ID } from './resourceKind.ts'
import { RESOURCE_KINDS } from './resourceKinds.ts'
import type { KnownKind } from './resourceKinds.ts'

type PartOf<Kind extends KnownKind> = Kind['isSingle'] extends true
  ? z.output<Kind['schema']>
  : ReadonlyMap<string, z.output<Kind['schema']>>

/** The immutable in-memory form of the platform at one revision. */
export type Platform = { readonly revision: number } & {
  readonly [Kind in KnownKind as Kind['key']]: PartOf<Kind>
}

/** Specs from readSpec, by id. */
export type Specs = ReadonlyMap<string, object>

const NO_SPECS: Specs = new Map()

/** @param specs the specs of each kind, by the name of the kind in stored rows */
export function platformOf(revision: number, specs: ReadonlyMap<string, Specs>): Platform {
  const parts = RESOURCE_KINDS.map((kind) => {
    const ofKind = specs.get(kind.kind) ?? NO_SPECS
    return [kind.key, kind.isSingle ? (ofKind.get(SINGLE_ID) ?? kind.initial) : ofKind] as const
  })
  // Each spec was parsed with the schema of its kind, but Object.fromEntries loses the key types.
  return { revision, ...Object.fromEntries(parts) } as Platform
}

export const EMPTY_PLATFORM = platformOf(0, new Map())
