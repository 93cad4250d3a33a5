import { documentOf } from './platformDocument.ts'
import type { PlatformDocument } from './platformDocument.ts'
import { readSpec } from './readSpec.ts'
import { SINGLE_ID } from './resourceKind.ts'
import type { ResourceKind } from './resourceKind.ts'
import type { ResourceChange, ResourceRow } from './resourceRow.ts'

/** The store of resources: resourceTable.ts with a database, a map in tests. */
export interface ResourceStore {
  read(): Promise<{ revision: number; rows: readonly ResourceRow[] }>
  /** Throws RevisionConflict when somebody wrote after `expectedRevision`. */
  write(changes: readonly ResourceChange[], expectedRevision: number): Promise<number>
  /** Number of messages that were accepted for a resource of this kind and are not sent yet. */
  waitingFor(kind: string, id: string): Promise<number>
}

export interface StoredPlatform {
  readonly revision: number
  readonly platform: PlatformDocument
}

/** All resources, ordered by id. Throws StoredResourceUnreadable rather than leave one out. */
export async function readStoredPlatform(
  store: Pick<ResourceStore, 'read'>,
): Promise<StoredPlatform> {
  const { revision, rows } = await store.read()
  const live = rows.filter((row) => !row.deleted).toSorted((one, other) => byId(one.id, other.id))
  const platform = documentOf((kind) =>
    live.filter((row) => isOf(kind, row)).map((row) => specOf(kind, row)),
  )
  return { revision, platform }
}

function isOf({ kind, isSingle }: ResourceKind, row: ResourceRow): boolean {
  return row.kind === kind && (!isSingle || row.id === SINGLE_ID)
}

function specOf(kind: ResourceKind, row: ResourceRow): object {
  const reading = readSpec(kind, row)
  if (reading.kind === 'unreadable') throw reading.error
  return reading.spec
}

function byId(one: string, other: string): number {
  return one < other ? -1 : Number(one > other)
}
