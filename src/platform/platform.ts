import type {
  Account,
  Connector,
  ResourceKind,
  ResourceSpecs,
  RouteTable,
  User,
} from './resources.ts'
import type { ResourceRow } from './resourceRow.ts'

/** The platform's resources at one revision, as components hold them in memory. Never changed. */
export interface Platform {
  readonly revision: number
  readonly accounts: ReadonlyMap<string, Account>
  readonly users: ReadonlyMap<string, User>
  readonly usersByApiKeyHash: ReadonlyMap<string, User>
  readonly connectors: ReadonlyMap<string, Connector>
  readonly routeTable: RouteTable
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
  const users = specsOf(rows, 'user')
  const routeTables = specsOf(rows, 'route_table')
  return {
    revision,
    accounts: byId(specsOf(rows, 'account')),
    users: byId(users),
    usersByApiKeyHash: new Map(
      users.flatMap((user) => (user.apiKeyHash ? [[user.apiKeyHash, user]] : [])),
    ),
    connectors: byId(specsOf(rows, 'connector')),
    routeTable: routeTables[0] ?? { routes: [] },
  }
}

function specsOf<Kind extends ResourceKind>(rows: ResourceRows, kind: Kind): ResourceSpecs[Kind][] {
  return (
    [...rows.values()]
      .filter((row) => row.kind === kind)
      // The admin API checked each spec against the schema of its kind before it was written.
      .map((row) => row.spec as ResourceSpecs[Kind])
  )
}

function byId<Spec extends { id: string }>(specs: readonly Spec[]): Map<string, Spec> {
  return new Map(specs.map((spec) => [spec.id, spec]))
}
