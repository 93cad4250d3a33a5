import { z } from 'zod'
import { resourceId } from './fieldSchemas.ts'
import { listKind } from './resourceKind.ts'

export const accountSchema = z.strictObject({
  id: resourceId,
  name: z.string().max(200).optional(),
  enabled: z.boolean().default(true),
  /** Who gets the receipts of a message: its user (the default), or any user of the account. */
  receiptsTo: z.enum(['user', 'account']).exactOptional(),
  /** `err` in its receipts, by the SMSC's code or our reason: `{ ESME_RSUBMITFAIL: '069' }`. */
  receiptErrors: z
    .record(
      z.string().max(20),
      z.string().regex(/^[\x21-\x7e]{3}$/, 'exactly three printable characters'),
    )
    .exactOptional(),
})

/** A customer. */
export const accountKind = listKind({ kind: 'account', key: 'accounts', schema: accountSchema })
