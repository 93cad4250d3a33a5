import { z } from 'zod'
import { connectorKind } from './connector.ts'
import { resourceId, textOf } from './fieldSchemas.ts'
import { singleKind } from './resourceKind.ts'
import type { Reference } from './resourceKind.ts'

const routeSchema = z.strictObject({
  prefix: textOf(/^[0-9]{1,20}$/, '1 to 20 digits, without +').describe(
    'The leading digits of the destination, in international form.',
  ),
  connector: resourceId.describe('The id of the connector that sends the messages.'),
})

export const routeTableSchema = z
  .strictObject({
    routes: z
      .array(routeSchema)
      .default([])
      .describe(
        'The routes are tried in this order. A message takes the first route whose prefix ' +
          'matches its destination and whose connector is enabled.',
      ),
    default: resourceId
      .optional()
      .describe(
        'The id of the connector for messages without a matching route. If it is not set, ' +
          'messages whose destination matches no prefix are refused with `ESME_RINVDSTADR`, or ' +
          'HTTP status 422.',
      ),
  })
  .describe('The route table chooses the connector for each message. There is one table.')

export type RouteTable = z.infer<typeof routeTableSchema>

export const routeTableKind = singleKind({
  kind: 'route_table',
  key: 'routeTable',
  schema: routeTableSchema,
  references: [
    {
      to: connectorKind,
      in: connectorsOf,
      whyNeeded: (connector, uses) =>
        `the route table uses connector "${connector}": ${uses}. ` +
        'Change the route table first: PUT /admin/v1/route-table',
    },
  ],
  orderedLists: ({ routes }) => ({
    routes: routes.map(({ prefix, connector }) => `${prefix} to ${connector}`),
  }),
})

function connectorsOf({ routes, default: byDefault }: RouteTable): Reference[] {
  const references: Reference[] = routes.map(({ prefix, connector }, index) => ({
    id: connector,
    at: ['routes', index, 'connector'],
    use: `prefix ${prefix}`,
  }))
  if (byDefault !== undefined)
    references.push({ id: byDefault, at: ['default'], use: 'the default' })
  return references
}
