import { expect, test } from 'vitest'
import { connectorSchema } from './connector.ts'
import { platformSchema } from './platformDocument.ts'
import { planPlatform } from './platformPlan.ts'
import { usesOf } from './usesOf.ts'
import { connectorKind } from './connector.ts'

const smsc = { host: 'x', port: 1, systemId: 's', password: 'p' }
const EMPTY = platformSchema.parse({})

function issuesOf(spec: object): string[] {
  const { error } = connectorSchema.safeParse({ ...smsc, id: 'a', ...spec })
  return error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? []
}

function platformWith(...connectors: object[]) {
  return platformSchema.parse({ connectors: connectors.map((one) => ({ ...smsc, ...one })) })
}

async function problemsOf(...connectors: object[]): Promise<string[]> {
  const plan = await planPlatform(platformWith(...connectors), EMPTY)
  return plan.kind === 'plan' ? [] : plan.problems.map(({ path, detail }) => `${path}: ${detail}`)
}

test('by default a connector is enabled, is not paused, and keeps its waiting messages', () => {
  const connector = connectorSchema.parse({ ...smsc, id: 'a' })
  expect(connector).toMatchObject({ enabled: true, paused: false, waiting: 'keep' })
})

test('only a disabled connector may purge or move its messages', () => {
  const refusal = /^waiting: applies to a disabled connector only/
  expect(issuesOf({ waiting: 'purge' })).toEqual([expect.stringMatching(refusal)])
  expect(issuesOf({ waiting: { moveTo: 'b' } })).toEqual([expect.stringMatching(refusal)])
  expect(issuesOf({ enabled: false, waiting: 'purge' })).toEqual([])
  expect(issuesOf({ enabled: false, waiting: { moveTo: 'b' } })).toEqual([])
  expect(issuesOf({ enabled: false, waiting: 'drop' })).toEqual([
    'waiting: expected keep, purge or { moveTo: CONNECTOR }',
  ])
})

test('messages can be moved only to a different connector that exists', async () => {
  const move = (moveTo: string) => ({ id: 'a', enabled: false, waiting: { moveTo } })
  expect(issuesOf(move('a'))).toEqual(['waiting.moveTo: must be a different connector'])
  expect(await problemsOf(move('b'))).toEqual([
    'connectors.a.waiting.moveTo: there is no connector "b"',
  ])
  expect(await problemsOf(move('b'), { id: 'b' })).toEqual([])
})

test('connectors that would move messages in a circle are rejected', async () => {
  const move = (id: string, moveTo: string) => ({ id, enabled: false, waiting: { moveTo } })
  expect(await problemsOf(move('a', 'b'), move('b', 'c'), { id: 'c' })).toEqual([])
  expect(await problemsOf(move('a', 'b'), move('b', 'c'), move('c', 'b'))).toEqual([
    'connectors.b.waiting.moveTo: moves messages in a circle, through c back to b',
    'connectors.c.waiting.moveTo: moves messages in a circle, through b back to c',
  ])
})

test('a connector to which messages are moved cannot be deleted', () => {
  const platform = platformWith({ id: 'a', enabled: false, waiting: { moveTo: 'b' } }, { id: 'b' })
  expect(usesOf(connectorKind, 'b', platform)).toBe(
    'messages are moved to connector "b" from connector "a". ' +
      'First set "waiting" to keep for connector "a"',
  )
})

test('a new rule cannot move messages to a connector that is disabled and keeps them', async () => {
  const move = (id: string, moveTo: string) => ({ id, enabled: false, waiting: { moveTo } })
  const idle = { id: 'b', enabled: false }
  expect(await problemsOf(move('a', 'b'), idle)).toEqual([
    'connectors.a.waiting.moveTo: connector "b" is disabled, so it would not send messages',
  ])
  // The target b may be disabled later. Other fields of connector a can still be changed then.
  const moving = platformWith(move('a', 'b'), { id: 'b' })
  const disabled = platformWith(move('a', 'b'), idle)
  expect(await planPlatform(disabled, moving)).toMatchObject({ kind: 'plan' })
  const changed = platformWith({ ...move('a', 'b'), tps: 7 }, idle)
  expect(await planPlatform(changed, disabled)).toMatchObject({ kind: 'plan' })
})
