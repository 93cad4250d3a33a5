import type { z } from 'zod'
import {
  accountSchema,
  connectorSchema,
  HIDDEN,
  ROUTE_TABLE_ID,
  routeTableSchema,
  userSchema,
} from './resources.ts'
import type { Connector, PlatformDocument, ResourceKind, ResourceSpecs } from './resources.ts'
import type { ResourceChange, ResourceRow } from './resourceRow.ts'

/** Where resources lie; src/platform/resourceTable.ts with a database, an array in tests. */
export interface ResourceStore {
  read(): Promise<{ revision: number; rows: readonly ResourceRow[] }>
  /** Throws RevisionConflict when somebody wrote after `expectedRevision`. */
  write(changes: readonly ResourceChange[], expectedRevision: number): Promise<number>
  /** Messages that were accepted for a connector and are not sent yet. */
  waitingFor(connector: string): Promise<number>
}

export interface StoredPlatform {
  readonly revision: number
  readonly platform: PlatformDocument
}

const SCHEMAS = {
  account: accountSchema,
  user: userSchema,
  connector: connectorSchema,
  route_table: routeTableSchema,
} as const

/** A row that this version cannot read, most likely written by a newer one. */
export class StoredResourceUnreadable extends Error {
  readonly code = 'STORED_RESOURCE_UNREADABLE'
}

/** Reads all resources; fields that a row was written without get their defaults. */
export async function readStoredPlatform(
  store: Pick<ResourceStore, 'read'>,
): Promise<StoredPlatform> {
  const { revision, rows } = await store.read()
  const live = rows.filter((row) => !row.deleted).toSorted((one, other) => byId(one.id, other.id))
  const routeTable = live.find(({ kind, id }) => kind === 'route_table' && id === ROUTE_TABLE_ID)
  const platform: PlatformDocument = {
    accounts: specsOf('account', live),
    users: specsOf('user', live),
    connectors: specsOf('connector', live),
    routeTable: routeTable ? parsed('route_table', routeTable) : { routes: [] },
  }
  return { revision, platform }
}

function specsOf<Kind extends ResourceKind>(
  kind: Kind,
  rows: readonly ResourceRow[],
): ResourceSpecs[Kind][] {
  return rows.filter((row) => row.kind === kind).map((row) => parsed(kind, row))
}

function parsed<Kind extends ResourceKind>(kind: Kind, row: ResourceRow): ResourceSpecs[Kind] {
  let result = SCHEMAS[kind].safeParse(row.spec)
  if (!result.success) {
    result = SCHEMAS[kind].safeParse(withoutUnknownKeys(row.spec, result.error.issues))
  }
  if (!result.success)
    throw new StoredResourceUnreadable(
      `the stored ${kind} "${row.id}" (revision ${row.revision}) cannot be read by this version; ` +
        'run the version that wrote it, or newer',
      { cause: result.error },
    )
  // SCHEMAS holds each kind's own schema; TypeScript does not tie the two by `kind`.
  return result.data as ResourceSpecs[Kind]
}

/** Another version knows more fields: what this one does not know it leaves alone. */
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

/** As it may leave this process: literal passwords of connectors are masked. */
export function withoutSecrets(platform: PlatformDocument): PlatformDocument {
  return { ...platform, connectors: platform.connectors.map(withoutSecret) }
}

export function withoutSecret(connector: Connector): Connector {
  return typeof connector.password === 'string' ? { ...connector, password: HIDDEN } : connector
}
