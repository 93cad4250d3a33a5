// The report that a process stores with its heartbeat. Reports are for operators. No process acts
// on the report of another process.

import { z } from 'zod'

export const troubleSchema = z.object({
  text: z.string().describe('The text of the log line.'),
  level: z.string().describe('`warn`, `error` or `fatal`.'),
  count: z.number().meta({
    description: 'How often the line was logged. Lines that differ only in figures count as one.',
    unit: 'lines',
  }),
  lastAt: z.string().meta({ unit: 'ISO 8601, in UTC' }).describe('When the line was last logged.'),
})
export const customerBindsSchema = z.object({
  account: z.string().describe('The account of the user.'),
  user: z.string().describe('The user that is bound.'),
  binds: z.number().meta({ description: "The user's binds at this gateway.", unit: 'binds' }),
  receivers: z
    .number()
    .meta({ description: 'How many of these binds receive receipts.', unit: 'binds' }),
})

/** Fields that a newer version adds are ignored, and missing fields are empty. */
export const processReport = z.object({
  troubles: z.array(troubleSchema).default([]),
  customers: z.array(customerBindsSchema).default([]),
  /** The number of bound customers that `customers` leaves out. */
  moreCustomers: z.number().default(0),
})

export type ProcessReport = z.input<typeof processReport>
export type CustomerBinds = z.infer<typeof customerBindsSchema>
