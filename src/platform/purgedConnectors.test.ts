import { expect, test } from 'vitest'
import { platformSchema } from './platformDocument.ts'
import { planPlatform } from './platformPlan.ts'
import { purgedConnectors } from './purgedConnectors.ts'

const smsc = { host: 'x', port: 1, systemId: 's', password: 'p' }

function platformWith(...connectors: object[]) {
  return platformSchema.parse({ connectors: connectors.map((one) => ({ ...smsc, ...one })) })
}

const STORED = platformWith(
  { id: 'purged', enabled: false, waiting: 'purge' },
  { id: 'disabled', enabled: false },
  { id: 'other' },
)

async function purgedBy(...connectors: object[]): Promise<string[]> {
  const plan = await planPlatform(platformWith(...connectors), STORED)
  if (plan.kind === 'problems') throw new Error(JSON.stringify(plan.problems))
  return purgedConnectors(plan.changes)
}

test('only a change that sets waiting to purge counts as a purge', async () => {
  const disabled = { id: 'disabled', enabled: false }
  const purged = { id: 'purged', enabled: false, waiting: 'purge' }
  expect(await purgedBy(purged, { ...disabled, waiting: 'purge' }, { id: 'other' })).toEqual([
    'disabled',
  ])
  expect(await purgedBy(purged, disabled, { id: 'other', tps: 5 })).toEqual([])
  expect(await purgedBy({ ...disabled, waiting: { moveTo: 'other' } }, { id: 'other' })).toEqual([])
})
