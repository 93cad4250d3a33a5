import { z } from 'zod'
import { resourceId, smppPassword, textOf } from './fieldSchemas.ts'
import { place } from './problemItem.ts'
import type { ProblemItem } from './problemItem.ts'
import { HIDDEN, listKind, nothingToKeep } from './resourceKind.ts'
import type { Placed, Sealed } from './resourceKind.ts'

const secretSchema = z.union([
  smppPassword,
  z.strictObject({
    env: z.string().min(1).describe('The environment variable that holds it, in the workers.'),
  }),
  z.strictObject({
    file: z
      .string()
      .min(1)
      .describe(
        'The file that holds it, below `SIGNALBOX_SECRETS_DIR` unless the path is absolute.',
      ),
  }),
])

const notation = z.enum(['hex', 'decimal']).exactOptional()

const messageIdRuleSchema = z
  .strictObject({
    ignoreCase: z.boolean().exactOptional().describe('If true, `0A` and `0a` are equal.'),
    ignoreLeadingZeros: z.boolean().exactOptional().describe('If true, `007` and `7` are equal.'),
    response: notation.describe(
      'The notation of the id in `submit_sm_resp`, if receipts write the same number in another ' +
        'one. Set it together with `receipt`.',
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

const waitingSchema = z
  .union(
    [
      z.enum(['keep', 'purge']),
      z.strictObject({
        moveTo: resourceId.describe('The id of the connector that takes the messages over.'),
      }),
    ],
    { error: 'expected keep, purge or { moveTo: CONNECTOR }' },
  )
  .default('keep')
  .describe(
    'What happens to messages that wait for the connector while it is disabled: `keep` lets them ' +
      'wait, `purge` ends them as UNDELIVERABLE, and `{ moveTo: ID }` gives them to another ' +
      'connector.',
  )

const identity = {
  id: resourceId.describe('The name of the connector, in routes, commands and figures.'),
  enabled: z
    .boolean()
    .default(true)
    .describe('If false, the connector has no binds, and routing skips it.'),
  paused: z
    .boolean()
    .default(false)
    .describe(
      'If true, nothing is submitted. Messages are still accepted, and receipts processed.',
    ),
  waiting: waitingSchema,
}

const link = {
  host: z.string().min(1).describe('The host name or IP address of the SMSC.'),
  port: z.int().min(1).max(65_535).meta({ description: 'The TCP port of the SMSC.', unit: 'none' }),
  systemId: z.string().max(15).describe('The `system_id` with which Signalbox binds.'),
  password: secretSchema.describe(
    'The password for the SMSC: the text itself, or where the workers read it.',
  ),
  systemType: z.string().max(12).default('').describe('The `system_type` of the bind.'),
  binds: z.int().min(1).max(1000).default(1).meta({
    description: 'How many binds all workers together keep up. Ask the SMSC for its limit.',
    unit: 'binds',
  }),
  responseTimeoutMs: z.int().min(1000).max(600_000).default(30_000).meta({
    description: 'How long a request to the SMSC waits for its response.',
    unit: 'milliseconds',
  }),
  enquireLinkIntervalMs: z
    .int()
    .min(1000)
    .max(600_000)
    .default(30_000)
    .meta({ description: 'The silence after which `enquire_link` is sent.', unit: 'milliseconds' }),
}

const pace = {
  window: z.int().min(1).max(1000).default(10).meta({
    description: 'How many `submit_sm` may wait for their answers on one bind.',
    unit: 'messages',
  }),
  tps: z.number().positive().max(100_000).default(30).meta({
    description: 'The pace of all binds together. Submits are evenly spaced.',
    unit: 'messages per second',
  }),
  burst: z.int().min(1).max(100_000).default(1).meta({
    description:
      'How many messages may be submitted at once after a rest. No second has more than `tps`.',
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
        'How often a message is submitted if the SMSC keeps refusing it temporarily. After the ' +
        'last attempt it fails.',
      unit: 'attempts',
    }),
  onLinkLost: z
    .enum(['resubmit', 'fail'])
    .default('resubmit')
    .describe(
      'What happens to a message whose answer was lost with the link: `resubmit` sends it again, ' +
        'so that it may arrive twice, and `fail` ends it as failed.',
    ),
  maxResubmissions: z
    .int()
    .min(0)
    .max(100)
    .default(3)
    .meta({
      description:
        'How often a message that got no answer is submitted again. Then it fails if the SMSC ' +
        'answers other messages, and waits for its next attempt if not.',
      unit: 'submissions',
    }),
}

const receipts = {
  messageIdRule: messageIdRuleSchema
    .default({})
    .describe(
      'How the id in a receipt is compared with that of a `submit_sm_resp`. Without a rule the ' +
        'two must be exactly equal.',
    ),
  receiptStates: z
    .record(textOf(/^[\x21-\x7e]{1,40}$/, 'one word'), messageStateName)
    .default({})
    .describe(
      'Words that this SMSC writes in `stat` of a receipt, each with the state that it means: ' +
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
    error: 'names the connector itself: name another one',
    path: ['waiting', 'moveTo'],
  })
  .describe(
    'A connector is the link to an SMSC. [connectors.md](connectors.md) explains its states and ' +
      'how to pause, replace or drain it.',
  )

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
