import { documentOf } from './platformDocument.ts'
import type { PlatformDocument } from './platformDocument.ts'
import { readSpec } from './readSpec.ts'
import { SINGLE_ID } from './resourceKind.ts'
import type { ResourceKind } from './resourceKind.ts'
import type { ResourceChange, ResourceRow } from './resourceRow.ts'

/** Resources of a kind with this text in a field. */
export interface FoundBy {
  readonly kind: string
  readonly field: string
  readonly value: string
}

/** Resources that any of the three names. */
export interface ResourceSelection {
  readonly kinds: readonly string[]
  readonly ids: readonly Pick<ResourceRow, 'kind' | 'id'>[]
  readonly foundBy: readonly FoundBy[]
}

/** The store of resources: resourceTable.ts with a database, a map in tests. */
export interface ResourceStore {
  /**
   * Everything without a selection. No row is older than the revision, which is read first.
   */
  read(
    selection?: ResourceSelection,
  ): Promise<{ readonly revision: number; readonly rows: readonly ResourceRow[] }>
  /** Throws RevisionConflict when somebody wrote after `expectedRevision`. */
  write(changes: readonly ResourceChange[], expectedRevision: number): Promise<number>
  /** Number of messages that were accepted for a resource of this kind and are not sent yet. */
  waitingFor(kind: string, id: string): Promise<number>
}

export interface StoredPlatform {
  readonly revision: number
  readonly platform: PlatformDocument
}

/** Ordered by id. Throws StoredResourceUnreadable rather than leave a resource out. */
export async function readStoredPlatform(
  store: Pick<ResourceStore, 'read'>,
  selection?: Partial<ResourceSelection>,
): Promise<StoredPlatform> {
  const nothing = { kinds: [], ids: [], foundBy: [] }
  return platformIn(await store.read(selection && { ...nothing, ...selection }))
}

export function platformIn({
  revision,
  rows,
}: Awaited<ReturnType<ResourceStore['read']>>): StoredPlatform {
  const live = rows.filter((row) => !row.deleted).toSorted((one, other) => byId(one.id, other.id))
  const platform = documentOf((kind) =>
    live.filter((row) => isOf(kind, row)).map((row) => specIn(kind, row)),
  )
  return { revision, platform }
}

function isOf({ kind, isSingle }: ResourceKind, row: ResourceRow): boolean {
  return row.kind === kind && (!isSingle || row.id === SINGLE_ID)
}

/** Throws StoredResourceUnreadable. */
export function specIn(kind: ResourceKind, row: ResourceRow): object {
  const reading = readSpec(kind, row)
  if (reading.kind === 'unreadable') throw reading.error
  return reading.spec
}

function byId(one: string, other: string): number {
  return one < other ? -1 : Number(one > other)
}
