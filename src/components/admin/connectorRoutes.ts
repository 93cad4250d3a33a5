import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { type Connector, connectorKind } from '../../platform/connector.ts'
import {
  afterAction,
  type ConnectorAction,
  connectorState,
  SIMPLE_ACTIONS,
} from '../../platform/connectorAction.ts'
import { resourceId } from '../../platform/fieldSchemas.ts'
import { withResource } from '../../platform/platformDocument.ts'
import type { PlatformDocument } from '../../platform/platformDocument.ts'
import { readStoredPlatform } from '../../platform/storedPlatform.ts'
import type { AdminServerOptions } from './adminServerOptions.ts'
import { changePlatform } from './changePlatform.ts'
import { ProblemError } from './problem.ts'
import { ifRevision, tagRevision } from './requestHeaders.ts'

const params = z.strictObject({ id: z.string() })
const moveBody = z.strictObject({ to: resourceId })

/** A connector at work: its state, its binds, and the messages that wait for it. */
interface ConnectorStatus extends Pick<Connector, 'id' | 'binds' | 'waiting'> {
  readonly state: ReturnType<typeof connectorState>
  readonly bindsUp: number
  readonly waitingMessages: number
}

/** What operators see and do beside the fields of a connector. */
export function connectorRoutes(options: AdminServerOptions): FastifyPluginAsyncZod {
  const { resources } = options
  return async (api) => {
    api.get('/connector-status', async (_request, reply) => {
      const { revision, platform } = await readStoredPlatform(resources, {
        kinds: [connectorKind.kind],
      })
      tagRevision(reply, revision)
      return statusOf(options, platform.connectors)
    })

    api.get('/connector-status/:id', { schema: { params } }, async (request, reply) => {
      const { revision, platform } = await readStoredPlatform(resources, {
        kinds: [connectorKind.kind],
      })
      tagRevision(reply, revision)
      const [status] = await statusOf(options, [found(platform, request.params.id)])
      return status
    })

    for (const kind of SIMPLE_ACTIONS)
      api.post(`/connectors/:id/${kind}`, { schema: { params } }, async (request, reply) => {
        const change = { id: request.params.id, ifRevision: ifRevision(request) }
        const { revision, status } = await act(options, change, () => ({ kind }))
        tagRevision(reply, revision)
        return status
      })

    api.post(
      '/connectors/:id/move',
      { schema: { params, body: moveBody } },
      async (request, reply) => {
        const change = { id: request.params.id, ifRevision: ifRevision(request) }
        const { to } = request.body
        const { revision, status } = await act(options, change, ({ connectors }) => ({
          kind: 'move',
          to,
          target: connectors.find(({ id }) => id === to),
        }))
        tagRevision(reply, revision)
        return status
      },
    )
  }
}

interface Change {
  readonly id: string
  readonly ifRevision: number | undefined
}

async function act(
  options: AdminServerOptions,
  { id, ifRevision: revisionWanted }: Change,
  actionIn: (platform: PlatformDocument) => ConnectorAction,
): Promise<{ revision: number; status: ConnectorStatus | undefined }> {
  const { log, resources } = options
  const { revision, plan } = await changePlatform(resources, {
    scope: { kind: connectorKind, id, given: undefined },
    ifRevision: revisionWanted,
    edit({ platform }) {
      const outcome = afterAction(found(platform, id), actionIn(platform))
      if (outcome.kind === 'refused') throw new ProblemError(409, outcome.detail)
      return withResource(platform, connectorKind, id, outcome.connector)
    },
  })
  const changes = plan.changes.length
  log.info({ revision, kind: connectorKind.kind, id, changes }, 'connector changed')
  const [status] = await statusOf(options, [found(plan.platform, id)])
  return { revision, status }
}

async function statusOf(
  { readBindsUp, resources }: AdminServerOptions,
  connectors: readonly Connector[],
): Promise<ConnectorStatus[]> {
  const bindsUp = await readBindsUp()
  const statuses: ConnectorStatus[] = []
  // One after the other: the admin component has few connections.
  for (const connector of connectors) {
    const { id, binds, waiting } = connector
    const waitingMessages = await resources.waitingFor(connectorKind.kind, id)
    const up = bindsUp.get(id) ?? 0
    statuses.push({
      id,
      state: connectorState(connector),
      binds,
      bindsUp: up,
      waiting,
      waitingMessages,
    })
  }
  return statuses
}

function found({ connectors }: PlatformDocument, id: string): Connector {
  const connector = connectors.find((one) => one.id === id)
  if (connector) return connector
  throw new ProblemError(404, `there is no connector "${id}": see GET /admin/v1/connector-status`)
}
