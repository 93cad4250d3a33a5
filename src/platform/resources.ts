// What the platform does, as resources: accounts, users, connectors and the route table. One
// schema each, used by the admin API, the YAML commands and the snapshots that components follow.
// A document is complete: what it does not name does not exist. Secrets go in as plain text and
// are stored hashed (users) or by reference (connectors); `HIDDEN` stands for a secret that stays
// as is.

import { z } from 'zod'

/** Stands in an exported document for a secret that is kept as it is when applied again. */
export const HIDDEN = '(hidden)'

const id = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'letters, digits, . _ - ; 1 to 63 characters')

/** SMPP 3.4 §5.2.1: at most 15 characters and a NUL. */
const systemId = z.string().regex(/^[\x21-\x7e]{1,15}$/, '1 to 15 printable ASCII characters')

/** SMPP 3.4 §5.2.2: at most 8 characters and a NUL. */
const password = z.string().regex(/^[\x20-\x7e]{1,8}$/, '1 to 8 printable ASCII characters')

export const accountSchema = z.strictObject({
  id,
  name: z.string().max(200).optional(),
  enabled: z.boolean().default(true),
})

export const userSchema = z
  .strictObject({
    id: systemId,
    account: id,
    enabled: z.boolean().default(true),
    password: password.optional(),
    passwordHash: z.string().startsWith('$argon2id$').optional(),
    apiKey: z.string().min(16).max(200).optional(),
    apiKeyHash: z
      .string()
      .regex(/^sha256:[0-9a-f]{64}$/)
      .optional(),
    maxBinds: z.int().min(1).max(1000).default(10),
    window: z.int().min(1).max(10_000).default(1000),
  })
  .refine((user) => !(user.password && user.passwordHash), {
    error: 'give password or passwordHash, not both',
  })
  .refine((user) => !(user.apiKey && user.apiKeyHash), {
    error: 'give apiKey or apiKeyHash, not both',
  })
  .refine((user) => user.password || user.passwordHash || user.apiKey || user.apiKeyHash, {
    error: 'a user needs a password (for SMPP) or an apiKey (for HTTP)',
  })

/** A literal, or where to read it: an environment variable, or a file below the secrets folder. */
const secretSchema = z.union([
  password,
  z.strictObject({ env: z.string().min(1) }),
  z.strictObject({ file: z.string().min(1) }),
])

export const connectorSchema = z.strictObject({
  id,
  enabled: z.boolean().default(true),
  host: z.string().min(1),
  port: z.int().min(1).max(65_535),
  systemId: z.string().max(15),
  password: secretSchema,
  systemType: z.string().max(12).default(''),
  /** How many binds the SMSC allows us over the whole cluster. */
  binds: z.int().min(1).max(1000).default(1),
  /** Unanswered submits per bind. */
  window: z.int().min(1).max(1000).default(10),
  /** Messages a second over all binds of the connector. */
  tps: z.number().positive().max(100_000).default(30),
  responseTimeoutMs: z.int().min(1000).max(600_000).default(30_000),
  enquireLinkIntervalMs: z.int().min(1000).max(600_000).default(30_000),
  /** Submits whose answer was lost with the link: send again (may duplicate) or give up. */
  onLinkLost: z.enum(['resubmit', 'fail']).default('resubmit'),
  /** How long a bind rests after ESME_RTHROTTLED or ESME_RMSGQFUL. */
  throttlePauseMs: z.int().min(0).max(60_000).default(1000),
  /** Attempts for a message that is refused with a temporary or throttling command_status. */
  maxAttempts: z.int().min(1).max(1000).default(20),
})

export const routeSchema = z.strictObject({
  /** Leading digits of the destination in international form, without `+`. */
  prefix: z.string().regex(/^[0-9]{1,20}$/, '1 to 20 digits, without +'),
  connector: id,
})

export const routeTableSchema = z.strictObject({
  /** Tried in this order; the first whose prefix fits wins. */
  routes: z.array(routeSchema).default([]),
  /** Connector for what no route fits; without one such messages get ESME_RINVDSTADR. */
  default: id.optional(),
})

export const platformSchema = z.strictObject({
  accounts: z.array(accountSchema).default([]),
  users: z.array(userSchema).default([]),
  connectors: z.array(connectorSchema).default([]),
  routeTable: routeTableSchema.default({ routes: [] }),
})

export type Account = z.infer<typeof accountSchema>
export type User = z.infer<typeof userSchema>
export type Connector = z.infer<typeof connectorSchema>
export type Route = z.infer<typeof routeSchema>
export type RouteTable = z.infer<typeof routeTableSchema>
export type PlatformDocument = z.infer<typeof platformSchema>

/** How resources lie in the store: one row each. The route table is one row with this id. */
export const ROUTE_TABLE_ID = 'active'
export const RESOURCE_KINDS = ['account', 'user', 'connector', 'route_table'] as const
export type ResourceKind = (typeof RESOURCE_KINDS)[number]

export interface ResourceSpecs {
  account: Account
  user: User
  connector: Connector
  route_table: RouteTable
}

/**
 * What is wrong with a document beyond each resource by itself: names that point nowhere,
 * doubles.
 */
export function platformProblems(platform: PlatformDocument): string[] {
  const accounts = new Set(platform.accounts.map((account) => account.id))
  const connectors = new Set(platform.connectors.map((connector) => connector.id))
  const problems = [
    ...doubles('accounts', platform.accounts),
    ...doubles('users', platform.users),
    ...doubles('connectors', platform.connectors),
  ]
  for (const user of platform.users) {
    if (!accounts.has(user.account))
      problems.push(`users.${user.id}.account: there is no account "${user.account}"`)
  }
  platform.routeTable.routes.forEach((route, index) => {
    if (!connectors.has(route.connector))
      problems.push(
        `routeTable.routes[${index}].connector: there is no connector "${route.connector}"`,
      )
  })
  const byDefault = platform.routeTable.default
  if (byDefault !== undefined && !connectors.has(byDefault))
    problems.push(`routeTable.default: there is no connector "${byDefault}"`)
  return problems
}

function doubles(list: string, resources: readonly { id: string }[]): string[] {
  const seen = new Set<string>()
  return resources.flatMap(({ id: name }) => {
    if (seen.has(name)) return [`${list}.${name}: appears twice`]
    seen.add(name)
    return []
  })
}
