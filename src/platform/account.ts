import { z } from 'zod'
import { resourceId } from './fieldSchemas.ts'
import { listKind } from './resourceKind.ts'

export const accountSchema = z.strictObject({
  id: resourceId,
  name: z.string().max(200).optional(),
  enabled: z.boolean().default(true),
})

/** A customer. */
export const accountKind = listKind({ kind: 'account', key: 'accounts', schema: accountSchema })
