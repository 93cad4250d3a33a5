// A whole platform as one document, in YAML files and in requests and responses of the admin API. A
// document is complete: resources that it does not contain do not exist.

import { z } from 'zod'
import { RESOURCE_KINDS } from './resourceKinds.ts'
import type { KnownKind } from './resourceKinds.ts'
import { SINGLE_ID } from './resourceKind.ts'
import type { Identified, Placed, ResourceKind } from './resourceKind.ts'

type DocumentSchema<Kind extends KnownKind> = Kind['isSingle'] extends true
  ? z.ZodDefault<Kind['schema']>
  : z.ZodDefault<z.ZodArray<Kind['schema']>>

type DocumentShape = { [Kind in KnownKind as Kind['key']]: DocumentSchema<Kind> }

export const platformSchema = z.strictObject(
  // Object.fromEntries loses the type information about which schema belongs to which key.
  Object.fromEntries(RESOURCE_KINDS.map((kind) => [kind.key, partSchema(kind)])) as DocumentShape,
)

export type PlatformDocument = z.infer<typeof platformSchema>

function partSchema(kind: ResourceKind): z.ZodType {
  return kind.isSingle ? kind.schema.default(kind.initial) : z.array(kind.schema).default([])
}

/** Lists the resources of one kind, in the document's order. */
export function resourcesOf(
  document: PlatformDocument,
  { key, isSingle }: ResourceKind,
): readonly Placed<object>[] {
  const part = partsOf(document)[key]
  if (isSingle) return part ? [{ id: SINGLE_ID, spec: part, keys: [key], name: key }] : []
  return listOf(part).map((spec, index) => ({
    id: spec.id,
    spec,
    keys: [key, index],
    name: `${key}.${spec.id}`,
  }))
}

/** Builds a document from the specs of each kind. */
export function documentOf(specsOf: (kind: ResourceKind) => readonly object[]): PlatformDocument {
  const parts = RESOURCE_KINDS.map((kind) => {
    const specs = specsOf(kind)
    return [kind.key, kind.isSingle ? (specs[0] ?? kind.initial) : specs] as const
  })
  // Specs come from the schemas of their kinds, but Object.fromEntries loses the key types.
  return Object.fromEntries(parts) as PlatformDocument
}

/**
 * Returns the document with one resource changed: replaced in place, added at the end, or removed
 * if `spec` is undefined.
 */
export function withResource(
  document: PlatformDocument,
  kind: ResourceKind,
  id: string,
  spec: object | undefined,
): PlatformDocument {
  return documentOf((one) => {
    const present = resourcesOf(document, one)
    const specs = present.map((resource) => resource.spec)
    if (one.kind !== kind.kind) return specs
    const index = present.findIndex((resource) => resource.id === id)
    return specs.toSpliced(index < 0 ? specs.length : index, 1, ...(spec ? [spec] : []))
  })
}

/** Returns a spec without the secrets that must not leave this process. */
export function masked(kind: ResourceKind, spec: object): object {
  return kind.mask?.(spec) ?? spec
}

export function withoutSecrets(document: PlatformDocument): PlatformDocument {
  return documentOf((kind) => resourcesOf(document, kind).map(({ spec }) => masked(kind, spec)))
}

function partsOf(document: PlatformDocument): Readonly<Record<string, object>> {
  return document
}

function listOf(part: object | undefined): readonly Identified[] {
  // Each part of a list kind was parsed by platformSchema, or was read from rows of that kind.
  return Array.isArray(part) ? (part as Identified[]) : []
}
