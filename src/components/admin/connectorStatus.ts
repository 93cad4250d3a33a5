import { z } from 'zod'
import { connectorSchema } from '../../platform/connector.ts'

const { binds, id, waiting } = connectorSchema.shape

export const connectorState = z
  .enum(['enabled', 'paused', 'disabled'])
  .describe('The state of the connector ([connectors.md](connectors.md)).')
export const bindsUp = z
  .int()
  .meta({ description: 'The number of open binds, over all workers.', unit: 'binds' })

/** The status of a connector: its state, its binds and its waiting messages. */
export const connectorStatusSchema = z
  .strictObject({
    id,
    state: connectorState,
    binds: binds.unwrap().meta({
      description: 'The configured number of binds, over all workers.',
      unit: 'binds',
    }),
    bindsUp,
    waiting: waiting
      .unwrap()
      .describe('What happens to the waiting messages while the connector is disabled.'),
    waitingMessages: z.int().meta({
      description: 'Messages that were accepted for the connector and have no outcome yet.',
      unit: 'messages',
    }),
  })
  .describe('The status of the connector.')

export type ConnectorStatus = z.infer<typeof connectorStatusSchema>
