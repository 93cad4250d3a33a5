// Reads stored resources, for the admin API and for the processes that keep a copy of the platform.
// A row may have been written by another version of Signalbox. Fields that this version does not
// know are ignored at any depth, and missing fields get their defaults.

import type { z } from 'zod'
import type { ResourceRow } from './resourceRow.ts'

/** This version of Signalbox cannot read a row. Most likely, a newer version wrote the row. */
export class StoredResourceUnreadable extends Error {
  readonly code = 'STORED_RESOURCE_UNREADABLE'
}

export type SpecReading<Spec> =
  | { readonly kind: 'read'; readonly spec: Spec }
  | {
      readonly kind: 'unreadable'
      readonly error: StoredResourceUnreadable
      /** The readable fields, with known values or defaults for the other fields. */
      readonly partial: Spec | undefined
    }

interface ReadKind<Schema> {
  readonly title: string
  readonly schema: Schema
  /** Fields whose known values must not replace unreadable values. */
  readonly secrets?: object
}

/** @param known the last readable spec of the same resource, if any */
export function readSpec<Schema extends z.ZodType<object>>(
  kind: ReadKind<Schema>,
  { id, revision, spec }: Pick<ResourceRow, 'id' | 'revision' | 'spec'>,
  known: object = {},
): SpecReading<z.output<Schema>> {
  const { title, schema } = kind
  let result = schema.safeParse(spec)
  if (!result.success) {
    const unknown = unknownKeys(result.error.issues)
    if (unknown) result = schema.safeParse(without(unknown, spec))
  }
  if (result.success) return { kind: 'read', spec: result.data }
  const message =
    `the stored ${title} "${id}" (revision ${revision}) cannot be read by this version: ` +
    'run the version that wrote it or a newer one'
  return {
    kind: 'unreadable',
    error: new StoredResourceUnreadable(message, { cause: result.error }),
    partial: partialSpec(kind, spec, result.error.issues, known),
  }
}

/**
 * Builds a spec from the readable fields and the known values of the other fields. If a newer
 * version disables a resource, this version thus disables the resource even if it cannot read other
 * fields.
 */
function partialSpec<Schema extends z.ZodType<object>>(
  { schema, secrets = {} }: ReadKind<Schema>,
  spec: unknown,
  issues: readonly Issue[],
  known: object,
): z.output<Schema> | undefined {
  const partial: unknown = structuredClone(spec)
  if (!isObject(partial)) return undefined
  for (const { code, path, ...issue } of issues) {
    const keys =
      code === 'unrecognized_keys' && path.length === 0 ? keysOf(issue) : path.slice(0, 1)
    for (const key of keys) {
      Reflect.deleteProperty(partial, key)
      if (Object.hasOwn(known, key) && !Object.hasOwn(secrets, key))
        Reflect.set(partial, key, Reflect.get(known, key))
    }
  }
  return schema.safeParse(partial).data
}

function keysOf(issue: object): readonly PropertyKey[] {
  return 'keys' in issue && Array.isArray(issue.keys) ? issue.keys : []
}

type Issue = z.core.$ZodIssue
/** The path to a key that the schema does not know. */
type Path = readonly PropertyKey[]

/** Returns the paths of all unknown keys, or undefined if there is an issue of any other kind. */
function unknownKeys(issues: readonly Issue[]): Path[] | undefined {
  const found: Path[] = []
  for (const issue of issues) {
    const paths = unknownKeysOf(issue)
    if (!paths) return undefined
    found.push(...paths)
  }
  return found
}

function unknownKeysOf(issue: Issue): Path[] | undefined {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => [...issue.path, key])
  if (issue.code !== 'invalid_union') return undefined
  // A value matches an alternative of a union if unknown keys are the alternative's only issues.
  for (const alternative of issue.errors) {
    const paths = unknownKeys(alternative)
    if (paths && paths.length > 0) return paths.map((path) => [...issue.path, ...path])
  }
  return undefined
}

function without(paths: readonly Path[], spec: unknown): unknown {
  const known: unknown = structuredClone(spec)
  for (const path of paths) {
    const holder = path
      .slice(0, -1)
      .reduce<unknown>((value, key) => (isObject(value) ? Reflect.get(value, key) : value), known)
    if (isObject(holder)) Reflect.deleteProperty(holder, path.at(-1) ?? '')
  }
  return known
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
