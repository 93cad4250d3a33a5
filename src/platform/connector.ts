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

const notation = z.enum(['hex', 'decimal']).exactOptional()

const messageIdRuleSchema = z
  .strictObject({
    ignoreCase: z.boolean().exactOptional(),
    ignoreLeadingZeros: z.boolean().exactOptional(),
    /** How submit_sm_resp writes the number, and how receipts do. */
    response: notation,
    receipt: notation,
    /** The SMSC counts for each bind on its own. */
    perBind: z.boolean().exactOptional(),
  })
  .refine(({ response, receipt }) => (response === undefined) === (receipt === undefined), {
    error: 'give response and receipt, or neither of them',
  })

/** SMPP 3.4 §5.2.28, 5.0 §4.7.15. */
const messageStateName = z.enum([
  'SCHEDULED',
  'ENROUTE',
  'DELIVERED',
  'EXPIRED',
  'DELETED',
  'UNDELIVERABLE',
  'ACCEPTED',
  'UNKNOWN',
  'REJECTED',
  'SKIPPED',
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
  /** Messages a second over all binds of the connector, evenly spaced. */
  tps: z.number().positive().max(100_000).default(30),
  /** How many submits may go at once after a rest; never more than `tps` in any second. */
  burst: z.int().min(1).max(100_000).default(1),
  responseTimeoutMs: z.int().min(1000).max(600_000).default(30_000),
  enquireLinkIntervalMs: z.int().min(1000).max(600_000).default(30_000),
  /** For submits whose response was lost with the link: send again (may duplicate) or give up. */
  onLinkLost: z.enum(['resubmit', 'fail']).default('resubmit'),
  /**
   * How often a message may be submitted again when the SMSC did not answer. Then it fails: a
   * message that breaks the link each time must not do so for ever.
   */
  maxResubmissions: z.int().min(0).max(100).default(3),
  /** How long a bind pauses after ESME_RTHROTTLED or ESME_RMSGQFUL. */
  throttlePauseMs: z.int().min(0).max(60_000).default(1000),
  /** Attempts for a message that gets temporary or throttling command_status values. */
  maxAttempts: z.int().min(1).max(1000).default(20),
  /** When the id in a receipt is that of a submit_sm_resp: exactly equal, unless this says more. */
  messageIdRule: messageIdRuleSchema.default({}),
  /** Words in `stat` of this SMSC's receipts, each with the state that it means there. */
  receiptStates: z
    .record(z.string().regex(/^[\x21-\x7e]{1,40}$/, 'one word'), messageStateName)
    .default({}),
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
