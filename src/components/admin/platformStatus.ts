import { z } from 'zod'
import { customerBindsSchema, troubleSchema } from '../../cluster/processReport.ts'
import { bindsUp, connectorState, connectorStatusSchema } from './connectorStatus.ts'

const seconds = (description: string) => z.number().meta({ description, unit: 'seconds' })
const messages = (description: string) => z.number().meta({ description, unit: 'messages' })
const instant = z.string().meta({ unit: 'ISO 8601, in UTC' })

const processSchema = z.strictObject({
  component: z.string().describe('The component of the process, such as `gateway`.'),
  instance: z.string().describe('The name of the process, as set by `SIGNALBOX_INSTANCE`.'),
  isUp: z.boolean().describe('If false, the process ended unexpectedly within the last hour.'),
  startedAt: instant.describe('When the process started.'),
  seenSecondsAgo: seconds('The time since the last heartbeat of the process.'),
  troubles: z
    .array(troubleSchema.strict())
    .describe('The last warnings and errors of the process, at most ten, latest first.'),
})

const customerSchema = customerBindsSchema
  .extend({ gateway: z.string().describe('The `instance` of the gateway.') })
  .strict()

const connectorLoadSchema = z.strictObject({
  id: connectorStatusSchema.shape.id,
  state: connectorState,
  binds: connectorStatusSchema.shape.binds,
  bindsUp,
  queuedMessages: messages('Messages on queues of the connector, including messages in a worker.'),
  oldestAgeSeconds: seconds('The age of the oldest envelope on these queues; 0 if they are empty.'),
  waitingMessages: messages('Messages waiting for another attempt.'),
})

const queueDepthSchema = z.strictObject({
  queue: z
    .string()
    .describe('The name of the queue, such as `submit.north.normal`, `journal` or `dlr`.'),
  envelopes: z.number().meta({
    description: 'Envelopes on the queue, each with one or more messages or events.',
    unit: 'envelopes',
  }),
  messages: messages('Messages or events in these envelopes.'),
  oldestAgeSeconds: seconds('The age of the oldest envelope.'),
})

/** Everything that `signalbox status` shows. */
export const platformStatusSchema = z
  .strictObject({
    at: instant.describe('When the status was read.'),
    processes: z
      .array(processSchema)
      .describe('Running processes, and processes that ended unexpectedly.'),
    customers: z.array(customerSchema).describe('Bound users, listed once per gateway.'),
    moreCustomers: z
      .number()
      .meta({ description: 'Bound users that `customers` leaves out.', unit: 'users' }),
    connectors: z.array(connectorLoadSchema).describe('All connectors with their load.'),
    queues: z.array(queueDepthSchema).describe('All queues that are not empty.'),
    outbox: z
      .strictObject({
        pending: z
          .number()
          .meta({ description: 'Receipts waiting for delivery.', unit: 'receipts' }),
        oldestAgeSeconds: seconds('The age of the oldest waiting receipt; 0 without receipts.'),
      })
      .describe('Receipts to be delivered to customers.'),
    parkedReceipts: z
      .number()
      .meta({ description: 'Receipts that match no message yet.', unit: 'receipts' }),
    deadLetters: z
      .array(
        z.strictObject({
          queue: z.string().describe('The queue of the dead letters.'),
          letters: z
            .number()
            .meta({ description: 'The number of dead letters.', unit: 'dead letters' }),
        }),
      )
      .describe('Envelopes and receipts that were set aside because they could not be processed.'),
  })
  .describe('Everything that `signalbox status` shows.')

export type PlatformStatus = z.infer<typeof platformStatusSchema>
export type ConnectorLoad = z.infer<typeof connectorLoadSchema>
