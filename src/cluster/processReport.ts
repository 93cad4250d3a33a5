// What a process says of itself, beside its sign of life. It is for operators: no process acts on
// what another one reports.

import { z } from 'zod'

const trouble = z.object({
  text: z.string(),
  level: z.string(),
  /** Lines that differ in their figures alone count as one. */
  count: z.number(),
  lastAt: z.string(),
})
const customerBinds = z.object({
  account: z.string(),
  user: z.string(),
  binds: z.number(),
  /** Those of them that take receipts. */
  receivers: z.number(),
})

/** Fields that a newer version adds are ignored, and missing ones are empty. */
export const processReport = z.object({
  troubles: z.array(trouble).default([]),
  customers: z.array(customerBinds).default([]),
  /** Customers beyond those that are listed. */
  moreCustomers: z.number().default(0),
})

export type ProcessReport = z.input<typeof processReport>
export type CustomerBinds = z.infer<typeof customerBinds>
