import { z } from 'zod'
import { connectorKind } from './connector.ts'
import { resourceId } from './fieldSchemas.ts'
import { singleKind } from './resourceKind.ts'
import type { Reference } from './resourceKind.ts'

const routeSchema = z.strictObject({
  /** Leading digits of the destination in international form, without `+`. */
  prefix: z.string().regex(/^[0-9]{1,20}$/, '1 to 20 digits, without +'),
  connector: resourceId,
})

export const routeTableSchema = z.strictObject({
  /** Tried in this order; the first matching prefix wins. */
  routes: z.array(routeSchema).default([]),
  /** Connector for messages that match no route; without it they get ESME_RINVDSTADR. */
  default: resourceId.optional(),
})

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
        `the route table leads to connector "${connector}": ${uses}. ` +
        'Change it first: PUT /admin/v1/route-table',
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
