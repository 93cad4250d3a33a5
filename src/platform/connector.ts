import { z } from 'zod'
import { resourceId, smppPassword } from './fieldSchemas.ts'
import { place } from './problemItem.ts'
import type { ProblemItem } from './problemItem.ts'
import { HIDDEN, listKind, nothingToKeep } from './resourceKind.ts'
import type { Placed, Sealed } from './resourceKind.ts'

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
    error: 'set both response and receipt, or neither',
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

/** Fate of the messages that wait for a disabled connector. */
const waitingSchema = z
  .union([z.enum(['keep', 'purge']), z.strictObject({ moveTo: resourceId })], {
    error: 'expected keep, purge or { moveTo: CONNECTOR }',
  })
  .default('keep')

const fieldsSchema = z.strictObject({
  id: resourceId,
  /** Routes pass a disabled connector over, and it has no binds. */
  enabled: z.boolean().default(true),
  /** It accepts messages and keeps its binds and takes receipts, but submits nothing. */
  paused: z.boolean().default(false),
  /** While it is disabled: its messages wait, or end as failed, or go to another connector. */
  waiting: waitingSchema,
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
   * How often a message may be submitted again at once when the SMSC did not answer. Then it fails
   * if the SMSC serves other messages meanwhile, and waits for its next attempt if not.
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

export const connectorSchema = fieldsSchema
  .refine(({ enabled, waiting }) => !enabled || waiting === 'keep', {
    error: 'applies to a disabled connector only: set enabled: false, or waiting: keep',
    path: ['waiting'],
  })
  .refine(({ id, waiting }) => moveTarget(waiting) !== id, {
    error: 'names the connector itself: name another one',
    path: ['waiting', 'moveTo'],
  })

export type Connector = z.infer<typeof connectorSchema>
export type WaitingRule = Connector['waiting']

/** The connector that takes the waiting messages over, if there is one. */
export function moveTarget(waiting: z.infer<typeof waitingSchema>): string | undefined {
  return typeof waiting === 'string' ? undefined : waiting.moveTo
}

/** Whether a message that may have been submitted is never submitted again. */
export function isSentOnce({ maxResubmissions, onLinkLost }: Connector): boolean {
  return onLinkLost === 'fail' || maxResubmissions === 0
}

/** An upstream SMSC. */
export const connectorKind = listKind({
  kind: 'connector',
  key: 'connectors',
  schema: connectorSchema,
  secrets: { password: 'password' },
  seal: keepPassword,
  mask: (connector) =>
    typeof connector.password === 'string' ? { ...connector, password: HIDDEN } : connector,
  references: [
    {
      to: { kind: 'connector', title: 'connector' },
      in: ({ id, waiting }) => {
        const other = moveTarget(waiting)
        return other === undefined
          ? []
          : [{ id: other, at: ['waiting', 'moveTo'], use: `connector "${id}"` }]
      },
      whyNeeded: (id, uses) =>
        `messages are moved to connector "${id}", from ${uses}. Set "waiting" there to keep first`,
    },
  ],
  conflicts: (connectors, stored) => [
    ...circularMoves(connectors),
    ...idleMoves(connectors, stored),
  ],
  whyAwaited: (id, messages) =>
    `connector "${id}" still has ${messages} accepted messages to send. Let it finish, or ` +
    `\`signalbox connector disable ${id}\` and then either move them with \`signalbox connector ` +
    `move ${id} --to OTHER\` or discard them with \`signalbox connector purge ${id}\``,
})

/** Messages that are moved in a circle would never end. */
function circularMoves(connectors: readonly Placed<Connector>[]): ProblemItem[] {
  const targets = new Map(connectors.map(({ id, spec }) => [id, moveTarget(spec.waiting)]))
  return connectors.flatMap(({ id, keys, name }) => {
    const seen = new Set<string>()
    let next = targets.get(id)
    while (next !== undefined && next !== id && !seen.has(next)) {
      seen.add(next)
      next = targets.get(next)
    }
    if (next !== id) return []
    const detail = `moves messages in a circle, through ${[...seen].join(', ')} back to ${id}`
    const at = ['waiting', 'moveTo']
    return [{ pointer: place([...keys, ...at]).pointer, path: `${name}.${place(at).path}`, detail }]
  })
}

/**
 * Nobody would send messages that go to a disabled connector. A rule that stands already is left
 * alone: the connector that it names may have to be disabled for now.
 */
function idleMoves(
  connectors: readonly Placed<Connector>[],
  stored: ReadonlyMap<string, Connector>,
): ProblemItem[] {
  const specs = new Map(connectors.map(({ id, spec }) => [id, spec]))
  return connectors.flatMap(({ id, keys, name, spec }) => {
    const to = moveTarget(spec.waiting)
    const target = to === undefined ? undefined : specs.get(to)
    if (!target || target.enabled || moveTarget(target.waiting) !== undefined) return []
    const before = stored.get(id)
    if (before && moveTarget(before.waiting) === to) return []
    const at = ['waiting', 'moveTo']
    const detail = `connector "${to}" is disabled, so it would not send them`
    return [{ pointer: place([...keys, ...at]).pointer, path: `${name}.${place(at).path}`, detail }]
  })
}

/** A connector needs its password in plain text to bind, so the password is stored as given. */
function keepPassword(given: Connector, stored: Connector | undefined): Sealed<Connector> {
  if (given.password !== HIDDEN) return { kind: 'sealed', spec: given }
  if (stored === undefined) return nothingToKeep('password')
  return { kind: 'sealed', spec: { ...given, password: stored.password } }
}
