import type { z } from 'zod'
import { documentOf } from './platformDocument.ts'
import type { PlatformDocument } from './platformDocument.ts'
import { SINGLE_ID } from './resourceKind.ts'
import type { ResourceKind } from './resourceKind.ts'
import type { ResourceChange, ResourceRow } from './resourceRow.ts'

/** Where resources are stored: resourceTable.ts with a database, a map in tests. */
export interface ResourceStore {
  read(): Promise<{ revision: number; rows: readonly ResourceRow[] }>
  /** Throws RevisionConflict when somebody wrote after `expectedRevision`. */
  write(changes: readonly ResourceChange[], expectedRevision: number): Promise<number>
  /** How many messages were accepted for a connector and are not sent yet. */
  waitingFor(connector: string): Promise<number>
}

export interface StoredPlatform {
  readonly revision: number
  readonly platform: PlatformDocument
}

/** A row that this version cannot read, most likely written by a newer one. */
export class StoredResourceUnreadable extends Error {
  readonly code = 'STORED_RESOURCE_UNREADABLE'
}

/** Reads all resources, in the order of their ids. */
export async function readStoredPlatform(
  store: Pick<ResourceStore, 'read'>,
): Promise<StoredPlatform> {
  const { revision, rows } = await store.read()
  const live = rows.filter((row) => !row.deleted).toSorted((one, other) => byId(one.id, other.id))
  const platform = documentOf((kind) =>
    live.filter((row) => isOf(kind, row)).map((row) => parsed(kind, row)),
  )
  return { revision, platform }
}

function isOf({ kind, isSingle }: ResourceKind, row: ResourceRow): boolean {
  return row.kind === kind && (!isSingle || row.id === SINGLE_ID)
}

function parsed({ kind, schema }: ResourceKind, row: ResourceRow): object {
  let result = schema.safeParse(row.spec)
  if (!result.success) result = schema.safeParse(withoutUnknownKeys(row.spec, result.error.issues))
  if (result.success) return result.data
  throw new StoredResourceUnreadable(
    `the stored ${kind} "${row.id}" (revision ${row.revision}) cannot be read by this version; ` +
      'run the version that wrote it, or newer',
    { cause: result.error },
  )
}

/** Another version may know more fields; this one ignores them. */
function withoutUnknownKeys(spec: unknown, issues: readonly z.core.$ZodIssue[]): unknown {
  const known: unknown = structuredClone(spec)
  for (const issue of issues) {
    if (issue.code !== 'unrecognized_keys') continue
    const place = issue.path.reduce<unknown>(
      (value, key) => (isObject(value) ? Reflect.get(value, key) : undefined),
      known,
    )
    if (!isObject(place)) continue
    for (const key of issue.keys) Reflect.deleteProperty(place, key)
  }
  return known
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function byId(one: string, other: string): number {
  return one < other ? -1 : Number(one > other)
}
