import { z } from 'zod'
import { resourceId, textOf } from './fieldSchemas.ts'
import { listKind } from './resourceKind.ts'

const LIFETIME_DAYS_MAX = 30

/** How long a message without a validity_period is valid, unless its account sets another time. */
export const DEFAULT_LIFETIME_SECONDS = 48 * 3_600

/** The class of an account that does not set `class`. */
export const DEFAULT_ACCOUNT_CLASS = 'standard'

export const accountSchema = z
  .strictObject({
    id: resourceId.describe('The name of the account in users and metrics.'),
    name: z.string().max(200).optional().describe('A display name.'),
    enabled: z
      .boolean()
      .default(true)
      .describe(
        'If false, the binds of its users close within a second, and their messages are refused.',
      ),
    class: textOf(/^[a-z][a-z0-9_-]{0,31}$/, 'lower-case letters, digits, - and _, at most 32')
      .exactOptional()
      .describe('The label `account_class` in metrics. If it is not set, the label is `standard`.'),
    receiptsTo: z
      .enum(['user', 'account'])
      .exactOptional()
      .describe(
        'Where receipts are delivered: to the user who sent the message, which is the default, ' +
          'or to any user of the account that has a receiver bound.',
      ),
    receiptErrors: z
      .record(z.string().max(20), textOf(/^[\x21-\x7e]{3}$/, 'exactly three printable characters'))
      .exactOptional()
      .describe(
        'Replacements for the `err` of receipts. The keys are codes from the SMSC or Signalbox: ' +
          '`{ ESME_RSUBMITFAIL: "069", expired waiting: "088" }`. Other codes are not changed.',
      ),
    defaultLifetimeSeconds: z
      .int()
      .min(1)
      .max(LIFETIME_DAYS_MAX * 86_400)
      .exactOptional()
      .meta({
        description:
          'How long a message without a validity period remains valid after its acceptance. The ' +
          'default is 172800 seconds (48 hours). A message that still waits when its validity ' +
          'ends expires ([validity.md](validity.md)).',
        unit: 'seconds',
      }),
  })
  .describe('An account is a customer. Its users sign in and send messages.')

export type Account = z.infer<typeof accountSchema>

/** The resource kind of customers. */
export const accountKind = listKind({ kind: 'account', key: 'accounts', schema: accountSchema })
