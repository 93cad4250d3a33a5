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
import { type ConnectorStatus, connectorStatusSchema } from './connectorStatus.ts'
import { ProblemError } from './problem.ts'
import { CHANGED_MEANWHILE, changeHeaders, ifRevision, tagRevision } from './requestHeaders.ts'

const params = z.strictObject({ id: z.string().describe('The id of the connector.') })
const moveBody = z.strictObject({
  to: resourceId.describe('The id of the connector to which the messages are moved.'),
})
const NO_SUCH = 'There is no connector with this id.'

const listSchema = {
  summary: 'List the status of all connectors',
  response: { 200: z.array(connectorStatusSchema).describe('The status of each connector.') },
}
const statusSchema = {
  summary: 'Read the status of one connector',
  params,
  response: { 200: connectorStatusSchema },
  problems: { 404: NO_SUCH },
}

const SUMMARIES: Readonly<Record<ConnectorAction['kind'], string>> = {
  pause: 'Pause a connector',
  resume: 'Resume a paused connector',
  enable: 'Enable a connector',
  disable: 'Disable a connector',
  purge: 'Discard the waiting messages of a disabled connector',
  move: 'Move the waiting messages of a disabled connector',
}
const WHY_REFUSED: Readonly<Partial<Record<ConnectorAction['kind'], string>>> = {
  pause: 'The connector is disabled.',
  resume: 'The connector is disabled.',
  purge: 'The connector is enabled: disable it first.',
  move: 'The connector is enabled, or the target connector is disabled or does not exist.',
}

function actionSchema(kind: ConnectorAction['kind']) {
  const refusal = WHY_REFUSED[kind]
  return {
    summary: SUMMARIES[kind],
    description: '[connectors.md](connectors.md) explains the effect of this action.',
    headers: changeHeaders,
    params,
    response: { 200: connectorStatusSchema },
    problems: {
      404: NO_SUCH,
      ...(refusal !== undefined && { 409: refusal }),
      412: CHANGED_MEANWHILE,
    },
  }
}

/** The routes that read the status of connectors, and the routes that change connectors. */
export function connectorRoutes(options: AdminServerOptions): FastifyPluginAsyncZod {
  const { resources } = options
  return async (api) => {
    api.get('/connector-status', { schema: listSchema }, async (_request, reply) => {
      const { revision, platform } = await readStoredPlatform(resources, {
        kinds: [connectorKind.kind],
      })
      tagRevision(reply, revision)
      return statusOf(options, platform.connectors)
    })

    api.get('/connector-status/:id', { schema: statusSchema }, async (request, reply) => {
      const { revision, platform } = await readStoredPlatform(resources, {
        kinds: [connectorKind.kind],
      })
      tagRevision(reply, revision)
      return statusOfOne(options, found(platform, request.params.id))
    })

    for (const kind of SIMPLE_ACTIONS)
      api.post(
        `/connectors/:id/${kind}`,
        { schema: actionSchema(kind) },
        async (request, reply) => {
          const change = { id: request.params.id, ifRevision: ifRevision(request) }
          const { revision, status } = await act(options, change, () => ({ kind }))
          tagRevision(reply, revision)
          return status
        },
      )

    api.post(
      '/connectors/:id/move',
      { schema: { ...actionSchema('move'), body: moveBody } },
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
): Promise<{ revision: number; status: ConnectorStatus }> {
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
  return { revision, status: await statusOfOne(options, found(plan.platform, id)) }
}

async function statusOf(
  options: AdminServerOptions,
  connectors: readonly Connector[],
): Promise<ConnectorStatus[]> {
  const bindsUp = await options.readBindsUp()
  const statuses: ConnectorStatus[] = []
  // The statuses are read one after another, because the admin component has few database
  // connections.
  for (const connector of connectors) statuses.push(await statusWith(options, connector, bindsUp))
  return statuses
}

async function statusOfOne(
  options: AdminServerOptions,
  connector: Connector,
): Promise<ConnectorStatus> {
  return statusWith(options, connector, await options.readBindsUp())
}

async function statusWith(
  { resources }: AdminServerOptions,
  connector: Connector,
  bindsUp: ReadonlyMap<string, number>,
): Promise<ConnectorStatus> {
  const { id, binds, waiting } = connector
  return {
    id,
    state: connectorState(connector),
    binds,
    bindsUp: bindsUp.get(id) ?? 0,
    waiting,
    waitingMessages: await resources.waitingFor(connectorKind.kind, id),
  }
}

function found({ connectors }: PlatformDocument, id: string): Connector {
  const connector = connectors.find((one) => one.id === id)
  if (connector) return connector
  throw new ProblemError(404, `there is no connector "${id}": see GET /admin/v1/connector-status`)
}
