import { z } from 'zod'
import { resourceId, smppPassword } from './fieldSchemas.ts'
import { HIDDEN, listKind, nothingToKeep } from './resourceKind.ts'
import type { Sealed } from './resourceKind.ts'

/** A literal, an environment variable, or a file below the secrets folder. */
const secretSchema = z.union([
  smppPassword,
  z.strictObject({ env: z.string().min(1) }),
  z.strictObject({ file: z.string().min(1) }),
])

export const connectorSchema = z.strictObject({
  id: resourceId,
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
  /** For submits whose response was lost with the link: send again (may duplicate) or give up. */
  onLinkLost: z.enum(['resubmit', 'fail']).default('resubmit'),
  /** How long a bind pauses after ESME_RTHROTTLED or ESME_RMSGQFUL. */
  throttlePauseMs: z.int().min(0).max(60_000).default(1000),
  /** Attempts for a message that gets temporary or throttling command_status values. */
  maxAttempts: z.int().min(1).max(1000).default(20),
})

export type Connector = z.infer<typeof connectorSchema>

/** An upstream SMSC. */
export const connectorKind = listKind({
  kind: 'connector',
  key: 'connectors',
  schema: connectorSchema,
  secrets: { password: 'password' },
  seal: keepPassword,
  mask: (connector) =>
    typeof connector.password === 'string' ? { ...connector, password: HIDDEN } : connector,
  // Accepted messages have their connector; no other can send them.
  whyAwaited: (id, messages) =>
    `connector "${id}" still has ${messages} accepted messages to send. ` +
    'Take it out of the route table, let it finish, and delete it then',
})

/** A connector needs its password in plain text to bind, so the password is stored as given. */
function keepPassword(given: Connector, stored: Connector | undefined): Sealed<Connector> {
  if (given.password !== HIDDEN) return { kind: 'sealed', spec: given }
  if (stored === undefined) return nothingToKeep('password')
  return { kind: 'sealed', spec: { ...given, password: stored.password } }
}
