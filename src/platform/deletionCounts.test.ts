import { expect, test } from 'vitest'
import { deletionCounts } from './deletionCounts.ts'
import { platformSchema } from './platformDocument.ts'
import { planPlatform } from './platformPlan.ts'

const STORED = platformSchema.parse({
  accounts: [{ id: 'one' }, { id: 'two' }],
  connectors: [{ id: 'a', host: 'h', port: 2776, systemId: 'us', password: 'pw' }],
  routeTable: {
    routes: [
      { prefix: '43', connector: 'a' },
      { prefix: '44', connector: 'a' },
    ],
    default: 'a',
  },
})

async function countsOf(given: object): Promise<string[]> {
  const plan = await planPlatform(platformSchema.parse(given), STORED)
  if (plan.kind === 'problems') throw new Error(JSON.stringify(plan.problems))
  return deletionCounts(plan.changes)
}

test('an empty document deletes every resource, and each deleted route is counted', async () => {
  expect(await countsOf({ accounts: [] })).toEqual([
    '2 accounts',
    '1 connector',
    '2 routes',
    '1 default of the route table',
  ])
})

test('routes that are replaced, moved or added do not count as deleted', async () => {
  const connectors = [...STORED.connectors, { ...STORED.connectors[0], id: 'b' }]
  const [first, second] = STORED.routeTable.routes
  const routes = [second, { ...first, connector: 'b' }, { prefix: '45', connector: 'b' }]
  expect(await countsOf({ ...STORED, connectors, routeTable: { routes, default: 'b' } })).toEqual(
    [],
  )
})

test('a route whose prefix no longer exists counts as deleted', async () => {
  const routes = [STORED.routeTable.routes[0], { prefix: '45', connector: 'a' }]
  expect(await countsOf({ ...STORED, routeTable: { routes, default: 'a' } })).toEqual(['1 route'])
})
