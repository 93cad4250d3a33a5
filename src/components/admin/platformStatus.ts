import { z } from 'zod'
import { customerBindsSchema, troubleSchema } from '../../cluster/processReport.ts'
import { bindsUp, connectorState, connectorStatusSchema } from './connectorStatus.ts'

const seconds = (description: string) => z.number().meta({ description, unit: 'seconds' })
const messages = (description: string) => z.number().meta({ description, unit: 'messages' })
const instant = z.string().meta({ unit: 'ISO 8601, in UTC' })

const processSchema = z.strictObject({
  component: z.string().describe('The component that runs in it, such as `gateway`.'),
  instance: z.string().describe('Its name, which `SIGNALBOX_INSTANCE` sets.'),
  isUp: z.boolean().describe('If false, it ended unexpectedly within the last hour.'),
  startedAt: instant.describe('When it started.'),
  seenSecondsAgo: seconds('How long ago it gave its last sign of life.'),
  troubles: z
    .array(troubleSchema.strict())
    .describe('Its last warnings and errors, at most ten, the latest first.'),
})

const customerSchema = customerBindsSchema
  .extend({ gateway: z.string().describe('The `instance` of the gateway.') })
  .strict()

const connectorLoadSchema = z.strictObject({
  id: connectorStatusSchema.shape.id,
  state: connectorState,
  binds: connectorStatusSchema.shape.binds,
  bindsUp,
  queuedMessages: messages('Messages on its queues or in a worker.'),
  oldestAgeSeconds: seconds('The age of the oldest envelope on its queues; 0 if they are empty.'),
  waitingMessages: messages('Messages that wait for another attempt.'),
})

const queueDepthSchema = z.strictObject({
  queue: z.string().describe('Such as `submit.north.normal`, `journal` or `dlr`.'),
  envelopes: z
    .number()
    .meta({ description: 'Envelopes, each with one or more messages.', unit: 'envelopes' }),
  messages: messages('Messages or events in these envelopes.'),
  oldestAgeSeconds: seconds('The age of the oldest envelope.'),
})

/** Everything that `signalbox status` shows. */
export const platformStatusSchema = z
  .strictObject({
    at: instant.describe('When the answer was made.'),
    processes: z.array(processSchema).describe('Processes that run, or that ended unannounced.'),
    customers: z.array(customerSchema).describe('Users with a bind, once for each gateway.'),
    moreCustomers: z
      .number()
      .meta({ description: 'Users with a bind beyond those that are listed.', unit: 'users' }),
    connectors: z.array(connectorLoadSchema).describe('Each connector with its load.'),
    queues: z.array(queueDepthSchema).describe('Each queue that is not empty.'),
    outbox: z
      .strictObject({
        pending: z
          .number()
          .meta({ description: 'Receipts that wait for customers.', unit: 'receipts' }),
        oldestAgeSeconds: seconds('The age of the oldest waiting receipt; 0 if none waits.'),
      })
      .describe('Receipts on their way to customers.'),
    parkedReceipts: z
      .number()
      .meta({ description: 'Receipts that match no message yet.', unit: 'receipts' }),
    deadLetters: z
      .array(
        z.strictObject({
          queue: z.string().describe('The queue from which they come.'),
          letters: z.number().meta({ description: 'How many there are.', unit: 'dead letters' }),
        }),
      )
      .describe('Envelopes and receipts that were set aside because they cannot be processed.'),
  })
  .describe('Everything that `signalbox status` shows.')

export type PlatformStatus = z.infer<typeof platformStatusSchema>
export type ConnectorLoad = z.infer<typeof connectorLoadSchema>
