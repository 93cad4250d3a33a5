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

test('a connector is enabled, not paused, and keeps its messages unless it says otherwise', () => {
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

test('messages are moved to another connector, which exists', async () => {
  const move = (moveTo: string) => ({ id: 'a', enabled: false, waiting: { moveTo } })
  expect(issuesOf(move('a'))).toEqual([
    'waiting.moveTo: names the connector itself: name another one',
  ])
  expect(await problemsOf(move('b'))).toEqual([
    'connectors.a.waiting.moveTo: there is no connector "b"',
  ])
  expect(await problemsOf(move('b'), { id: 'b' })).toEqual([])
})

test('messages are not moved in a circle', async () => {
  const move = (id: string, moveTo: string) => ({ id, enabled: false, waiting: { moveTo } })
  expect(await problemsOf(move('a', 'b'), move('b', 'c'), { id: 'c' })).toEqual([])
  expect(await problemsOf(move('a', 'b'), move('b', 'c'), move('c', 'b'))).toEqual([
    'connectors.b.waiting.moveTo: moves messages in a circle, through c back to b',
    'connectors.c.waiting.moveTo: moves messages in a circle, through b back to c',
  ])
})

test('a connector that takes the messages of another one is not deleted', () => {
  const platform = platformWith({ id: 'a', enabled: false, waiting: { moveTo: 'b' } }, { id: 'b' })
  expect(usesOf(connectorKind, 'b', platform)).toBe(
    'messages are moved to connector "b", from connector "a". Set "waiting" there to keep first',
  )
})

test('messages do not go to a disabled connector, unless it gives them on', async () => {
  const move = (id: string, moveTo: string) => ({ id, enabled: false, waiting: { moveTo } })
  const idle = { id: 'b', enabled: false }
  expect(await problemsOf(move('a', 'b'), idle)).toEqual([
    'connectors.a.waiting.moveTo: connector "b" is disabled, so it would not send them',
  ])
  // The one that takes them may be disabled later, and then other things may change.
  const moving = platformWith(move('a', 'b'), { id: 'b' })
  const disabled = platformWith(move('a', 'b'), idle)
  expect(await planPlatform(disabled, moving)).toMatchObject({ kind: 'plan' })
  const changed = platformWith({ ...move('a', 'b'), tps: 7 }, idle)
  expect(await planPlatform(changed, disabled)).toMatchObject({ kind: 'plan' })
})
