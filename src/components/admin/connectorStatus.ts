import { z } from 'zod'
import { connectorSchema } from '../../platform/connector.ts'

const { binds, id, waiting } = connectorSchema.shape

/** A field of every answer about a connector's work. */
export const connectorState = z
  .enum(['enabled', 'paused', 'disabled'])
  .describe('Its state, as [connectors.md](connectors.md) explains it.')
export const bindsUp = z
  .int()
  .meta({ description: 'How many of these binds are up, over all workers.', unit: 'binds' })

/** A connector at work: its state, its binds, and the messages that wait for it. */
export const connectorStatusSchema = z
  .strictObject({
    id,
    state: connectorState,
    binds: binds.unwrap().meta({
      description: 'How many binds it should have, over all workers.',
      unit: 'binds',
    }),
    bindsUp,
    waiting: waiting.unwrap().describe('What happens to its messages while it is disabled.'),
    waitingMessages: z.int().meta({
      description: 'Messages that were accepted for it and have no outcome yet.',
      unit: 'messages',
    }),
  })
  .describe('The connector at work.')

export type ConnectorStatus = z.infer<typeof connectorStatusSchema>
