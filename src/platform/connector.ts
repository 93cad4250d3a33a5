import { z } from 'zod'
import { resourceId, smppPassword, textOf } from './fieldSchemas.ts'
import { place } from './problemItem.ts'
import type { ProblemItem } from './problemItem.ts'
import { HIDDEN, listKind, nothingToKeep } from './resourceKind.ts'
import type { Placed, Sealed } from './resourceKind.ts'

const secretSchema = z.union([
  smppPassword,
  z.strictObject({
    env: z.string().min(1).describe('The environment variable that holds the password.'),
  }),
  z.strictObject({
    file: z
      .string()
      .min(1)
      .describe(
        'The file with the password, below `SIGNALBOX_SECRETS_DIR` unless the path is absolute.',
      ),
  }),
])

const notation = z.enum(['hex', 'decimal']).exactOptional()

const messageIdRuleSchema = z
  .strictObject({
    ignoreCase: z.boolean().exactOptional().describe('If true, `0A` and `0a` are equal.'),
    ignoreLeadingZeros: z.boolean().exactOptional().describe('If true, `007` and `7` are equal.'),
    response: notation.describe(
      'The notation of the id in `submit_sm_resp`, if receipts write the same number in a ' +
        'different notation. Set it together with `receipt`.',
    ),
    receipt: notation.describe('The notation of the id in receipts.'),
    perBind: z
      .boolean()
      .exactOptional()
      .describe('Set it to true if the SMSC counts ids for each bind separately.'),
  })
  .refine(({ response, receipt }) => (response === undefined) === (receipt === undefined), {
    error: 'set both response and receipt, or neither',
  })

/** The names of message states (SMPP 3.4 §5.2.28, SMPP 5.0 §4.7.15). */
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

const waitingSchema = z
  .union(
    [
      z.enum(['keep', 'purge']),
      z.strictObject({
        moveTo: resourceId.describe('The id of the connector to which the messages are moved.'),
      }),
    ],
    { error: 'expected keep, purge or { moveTo: CONNECTOR }' },
  )
  .default('keep')
  .describe(
    'What happens to messages that wait for the connector while it is disabled: `keep` lets them ' +
      'wait, `purge` ends them as UNDELIVERABLE, and `{ moveTo: ID }` moves them to another ' +
      'connector.',
  )

const identity = {
  id: resourceId.describe('The name of the connector in routes, commands and metrics.'),
  enabled: z
    .boolean()
    .default(true)
    .describe('If false, the connector has no binds, and routing skips it.'),
  paused: z
    .boolean()
    .default(false)
    .describe(
      'If true, no messages are submitted. Messages are still accepted, and receipts processed.',
    ),
  waiting: waitingSchema,
}

const link = {
  host: z.string().min(1).describe('The host name or IP address of the SMSC.'),
  port: z.int().min(1).max(65_535).meta({ description: 'The TCP port of the SMSC.', unit: 'none' }),
  systemId: z.string().max(15).describe('The `system_id` with which Signalbox binds.'),
  password: secretSchema.describe(
    'The password for the SMSC: the text itself, or the place from which the workers read it.',
  ),
  systemType: z.string().max(12).default('').describe('The `system_type` of the bind.'),
  binds: z.int().min(1).max(1000).default(1).meta({
    description: 'How many binds all workers together maintain. Ask the SMSC for its limit.',
    unit: 'binds',
  }),
  responseTimeoutMs: z.int().min(1000).max(600_000).default(30_000).meta({
    description: 'How long a request to the SMSC waits for its response.',
    unit: 'milliseconds',
  }),
  enquireLinkIntervalMs: z.int().min(1000).max(600_000).default(30_000).meta({
    description: 'How long the link is silent before `enquire_link` is sent.',
    unit: 'milliseconds',
  }),
}

const pace = {
  window: z.int().min(1).max(1000).default(10).meta({
    description: 'How many `submit_sm` may wait for their answers on one bind.',
    unit: 'messages',
  }),
  tps: z.number().positive().max(100_000).default(30).meta({
    description: 'The submission rate of all binds together. Submissions are evenly spaced.',
    unit: 'messages per second',
  }),
  burst: z
    .int()
    .min(1)
    .max(100_000)
    .default(1)
    .meta({
      description:
        'How many messages may be submitted back to back after a pause. The rate never exceeds ' +
        '`tps` in any second.',
      unit: 'messages',
    }),
  throttlePauseMs: z.int().min(0).max(60_000).default(1000).meta({
    description: 'How long a bind pauses after `ESME_RTHROTTLED` or `ESME_RMSGQFUL`.',
    unit: 'milliseconds',
  }),
}

const attempts = {
  maxAttempts: z
    .int()
    .min(1)
    .max(1000)
    .default(20)
    .meta({
      description:
        'How often a message is submitted if the SMSC keeps refusing it temporarily. The message ' +
        'fails after the last attempt.',
      unit: 'attempts',
    }),
  onLinkLost: z
    .enum(['resubmit', 'fail'])
    .default('resubmit')
    .describe(
      'What happens to a message whose answer was lost with the link: `resubmit` sends it again, ' +
        'so that it may arrive twice, and `fail` marks it as failed.',
    ),
  maxResubmissions: z
    .int()
    .min(0)
    .max(100)
    .default(3)
    .meta({
      description:
        'How often a message that got no answer is submitted again. After that, the message ' +
        'fails if the SMSC answers other messages. Otherwise it waits for its next attempt.',
      unit: 'submissions',
    }),
}

const receipts = {
  messageIdRule: messageIdRuleSchema
    .default({})
    .describe(
      'How the id in a receipt is compared with the id in a `submit_sm_resp`. Without a rule, ' +
        'the two ids must be equal.',
    ),
  receiptStates: z
    .record(textOf(/^[\x21-\x7e]{1,40}$/, 'one word'), messageStateName)
    .default({})
    .describe(
      'The meaning of words that this SMSC writes in the `stat` of its receipts, for example ' +
        '`{ ROUTED: ENROUTE }`.',
    ),
}

const fieldsSchema = z.strictObject({ ...identity, ...link, ...pace, ...attempts, ...receipts })

export const connectorSchema = fieldsSchema
  .refine(({ enabled, waiting }) => !enabled || waiting === 'keep', {
    error: 'applies to a disabled connector only: set enabled: false, or waiting: keep',
    path: ['waiting'],
  })
  .refine(({ id, waiting }) => moveTarget(waiting) !== id, {
    error: 'must be a different connector',
    path: ['waiting', 'moveTo'],
  })
  .describe(
    'A connector is the link to an SMSC. [connectors.md](connectors.md) explains its states and ' +
      'how to pause, replace or drain it.',
  )

export type Connector = z.infer<typeof connectorSchema>
export type WaitingRule = Connector['waiting']

/** The id of the connector to which waiting messages are moved, or undefined. */
export function moveTarget(waiting: z.infer<typeof waitingSchema>): string | undefined {
  return typeof waiting === 'string' ? undefined : waiting.moveTo
}

/** Whether a message that may have reached the SMSC is never submitted again. */
export function isSentOnce({ maxResubmissions, onLinkLost }: Connector): boolean {
  return onLinkLost === 'fail' || maxResubmissions === 0
}

/** The resource kind of links to SMSCs. */
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
        `messages are moved to connector "${id}" from ${uses}. ` +
        `First set "waiting" to keep for ${uses}`,
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

/** Finds rules that would move messages in a circle forever. */
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
 * Finds new rules that move messages to a disabled connector, which would not send them. A rule
 * that is already stored is accepted, because its target may have to be disabled temporarily.
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
    const detail = `connector "${to}" is disabled, so it would not send messages`
    return [{ pointer: place([...keys, ...at]).pointer, path: `${name}.${place(at).path}`, detail }]
  })
}

/** Stores the password as given, because a connector needs it in plain text to bind. */
function keepPassword(given: Connector, stored: Connector | undefined): Sealed<Connector> {
  if (given.password !== HIDDEN) return { kind: 'sealed', spec: given }
  if (stored === undefined) return nothingToKeep('password')
  return { kind: 'sealed', spec: { ...given, password: stored.password } }
}
