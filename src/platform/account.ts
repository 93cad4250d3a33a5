import { z } from 'zod'
import { resourceId } from './fieldSchemas.ts'
import { listKind } from './resourceKind.ts'

const LIFETIME_DAYS_MAX = 30

/** Validity of a message without a validity_period, unless its account sets another. */
export const DEFAULT_LIFETIME_SECONDS = 48 * 3_600

/** The class of accounts that name none. */
export const DEFAULT_ACCOUNT_CLASS = 'standard'

export const accountSchema = z.strictObject({
  id: resourceId,
  name: z.string().max(200).optional(),
  enabled: z.boolean().default(true),
  /** Metrics count messages by class, as in `wholesale`; the default is `standard`. */
  class: z
    .string()
    .regex(/^[a-z][a-z0-9_-]{0,31}$/, 'lower-case letters, digits, - and _, at most 32')
    .exactOptional(),
  /** Receipts go to the user of the message (the default), or to any user of the account. */
  receiptsTo: z.enum(['user', 'account']).exactOptional(),
  /** `err` in its receipts, by the SMSC's code or our reason: `{ ESME_RSUBMITFAIL: '069' }`. */
  receiptErrors: z
    .record(
      z.string().max(20),
      z.string().regex(/^[\x21-\x7e]{3}$/, 'exactly three printable characters'),
    )
    .exactOptional(),
  /**
   * The life of messages that name no validity_period, from their acceptance; 48 h by default. A
   * message that still waits here when its life ends is not sent, and its receipt says EXPIRED.
   */
  defaultLifetimeSeconds: z
    .int()
    .min(1)
    .max(LIFETIME_DAYS_MAX * 86_400)
    .exactOptional(),
})

export type Account = z.infer<typeof accountSchema>

/** A customer. */
export const accountKind = listKind({ kind: 'account', key: 'accounts', schema: accountSchema })
