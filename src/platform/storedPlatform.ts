import { documentOf } from './platformDocument.ts'
import type { PlatformDocument } from './platformDocument.ts'
import { readSpec } from './readSpec.ts'
import { SINGLE_ID } from './resourceKind.ts'
import type { ResourceKind } from './resourceKind.ts'
import type { ResourceChange, ResourceRow } from './resourceRow.ts'

/** Selects the resources of a kind that have this text in a field. */
export interface FoundBy {
  readonly kind: string
  readonly field: string
  readonly value: string
}

/** Selects resources that match at least one of the three lists. */
export interface ResourceSelection {
  readonly kinds: readonly string[]
  readonly ids: readonly Pick<ResourceRow, 'kind' | 'id'>[]
  readonly foundBy: readonly FoundBy[]
}

/**
 * Reads and writes the stored resources. The implementation is resourceTable.ts for the database,
 * and a map in tests.
 */
export interface ResourceStore {
  /**
   * Reads the selected resources, or all resources if no selection is given. The revision is read
   * first, so rows may be newer than the revision.
   */
  read(
    selection?: ResourceSelection,
  ): Promise<{ readonly revision: number; readonly rows: readonly ResourceRow[] }>
  /** Throws RevisionConflict if `expectedRevision` is not the latest revision. */
  write(changes: readonly ResourceChange[], expectedRevision: number): Promise<number>
  /** Counts the messages that were accepted for a resource and are not sent yet. */
  waitingFor(kind: string, id: string): Promise<number>
}

export interface StoredPlatform {
  readonly revision: number
  readonly platform: PlatformDocument
}

/** Reads resources, sorted by id. Throws StoredResourceUnreadable if any of them is unreadable. */
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

/** Parses the spec in a row. Throws StoredResourceUnreadable if this version cannot read it. */
export function specIn(kind: ResourceKind, row: ResourceRow): object {
  const reading = readSpec(kind, row)
  if (reading.kind === 'unreadable') throw reading.error
  return reading.spec
}

function byId(one: string, other: string): number {
  return one < other ? -1 : Number(one > other)
}
