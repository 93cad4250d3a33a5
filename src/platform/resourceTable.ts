import type { Database } from '../database/database.ts'
import { RevisionConflict } from './resourceRow.ts'
import type { ResourceChange, ResourceRow } from './resourceRow.ts'
import type { ResourceSelection } from './storedPlatform.ts'

const READ = {
  name: 'resources.read',
  text: `select kind, id, spec, revision, deleted from resources
    where revision > $1 and (not deleted or $1 > 0) and kind <> all($2)
    order by revision, kind, id`,
}
const READ_KIND = {
  name: 'resources.readKind',
  text: `select kind, id, spec, revision, deleted from resources
    where kind = $1 and not deleted order by id`,
}
const READ_KINDS = {
  name: 'resources.readKinds',
  text: `select kind, id, spec, revision, deleted from resources
    where kind = any($1) and not deleted`,
}
const READ_IDS = {
  name: 'resources.readIds',
  text: `select kind, id, spec, revision, deleted
    from unnest($1::text[], $2::text[]) as wanted (kind, id)
    join resources using (kind, id) where not deleted`,
}
const READ_FOUND_BY = {
  name: 'resources.readFoundBy',
  text: `select kind, id, spec, revision, deleted from resources
    where kind = $1 and not deleted and spec ->> $2 = $3`,
}
const DELETED = {
  name: 'resources.deleted',
  text: 'select id, revision from resources where kind = $1 and deleted order by id',
}
const REVISION = { name: 'resources.revision', text: 'select revision from platform_revision' }
const NEXT_REVISION = {
  name: 'resources.nextRevision',
  text: 'update platform_revision set revision = revision + 1 returning revision',
}
const WRITE = {
  name: 'resources.write',
  text: `insert into resources (kind, id, spec, revision, deleted)
    select kind, id, coalesce(spec, '{}'), $4, spec is null
    from unnest($1::text[], $2::text[], $3::jsonb[]) as change (kind, id, spec)
    on conflict (kind, id) do update
      set spec = excluded.spec, revision = excluded.revision, deleted = excluded.deleted`,
}

/** The revision is a bigint, which `pg` returns as text. */
interface StoredRow extends Omit<ResourceRow, 'revision'> {
  readonly revision: string
}

/**
 * Reads all live resources (`since` 0), or all changes after revision `since`, including deletions.
 * @param without the kinds whose resources are skipped
 */
export async function readResources(
  database: Database,
  since = 0,
  without: readonly string[] = [],
): Promise<{ revision: number; rows: ResourceRow[] }> {
  // The revision is read first, so rows written between the two queries are read again next time.
  const [head] = await database.run<{ revision: string }>(REVISION)
  const revision = Number(head?.revision ?? 0)
  if (revision === since) return { revision, rows: [] }
  const rows = await database.run<StoredRow>(READ, [since, without])
  return { revision, rows: rows.map(numbered) }
}

/** Reads the selected live resources. A resource may be returned twice. */
export async function readSelected(
  database: Database,
  { kinds, ids, foundBy }: ResourceSelection,
): Promise<{ revision: number; rows: ResourceRow[] }> {
  // The revision is read first. If any row is newer, the later write fails with RevisionConflict.
  const [head] = await database.run<{ revision: string }>(REVISION)
  const rows: StoredRow[] = []
  if (kinds.length > 0) rows.push(...(await database.run<StoredRow>(READ_KINDS, [kinds])))
  if (ids.length > 0) {
    const values = [ids.map(({ kind }) => kind), ids.map(({ id }) => id)]
    rows.push(...(await database.run<StoredRow>(READ_IDS, values)))
  }
  for (const { kind, field, value } of foundBy)
    rows.push(...(await database.run<StoredRow>(READ_FOUND_BY, [kind, field, value])))
  return { revision: Number(head?.revision ?? 0), rows: rows.map(numbered) }
}

/** Reads the live resources of one kind, sorted by id. Their specs must be parsed with readSpec. */
export async function readResourcesOfKind(
  database: Database,
  kind: string,
): Promise<ResourceRow[]> {
  const rows = await database.run<StoredRow>(READ_KIND, [kind])
  return rows.map(numbered)
}

/** Reads the ids of deleted resources of one kind, each with the revision that deleted it. */
export async function readDeletedOfKind(
  database: Database,
  kind: string,
): Promise<Map<string, number>> {
  const rows = await database.run<{ id: string; revision: string }>(DELETED, [kind])
  return new Map(rows.map(({ id, revision }) => [id, Number(revision)]))
}

function numbered(row: StoredRow): ResourceRow {
  return { ...row, revision: Number(row.revision) }
}

/**
 * Writes all changes as one new revision and returns the revision. A lock on the revision's row
 * serialises writers. Throws RevisionConflict if `expectedRevision` is given and is not the latest.
 */
export async function writeResources(
  database: Database,
  changes: readonly ResourceChange[],
  expectedRevision?: number,
): Promise<number> {
  return database.transaction(async (run) => {
    const [next] = await run<{ revision: string }>(NEXT_REVISION)
    const revision = Number(next?.revision)
    if (expectedRevision !== undefined && revision !== expectedRevision + 1)
      throw new RevisionConflict(
        `the platform is at revision ${revision - 1}, not ${expectedRevision}: read it again`,
      )
    await run(WRITE, [
      changes.map((change) => change.kind),
      changes.map((change) => change.id),
      changes.map((change) => (change.spec === undefined ? null : JSON.stringify(change.spec))),
      revision,
    ])
    return revision
  })
}
