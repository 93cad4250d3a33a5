// Pauses, disables, empties and deletes connectors of a running platform with the commands that
// docs/connectors.md shows.

import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Connector } from '../src/platform/connector.ts'
import { ESME_ROK, ESME_RTHROTTLED } from '../src/smpp/index.ts'
import { adminCall } from './adminCall.ts'
import { commandsOf, runSignalbox } from './commandsOf.ts'
import { ScriptedPlatform } from './scriptedPlatform.ts'

const PATIENCE = { timeout: 20_000 }
const API_KEY = 'a-key-for-the-connector-tests'
const NORTH = '31612345678'
const SOUTH = '32471234567'

const WAITING_FOR_SOUTH = `select (select coalesce(sum(messages), 0) from queue_envelopes
    where queue like 'submit.south.%')
  + (select coalesce(sum(messages), 0) from later where queue like 'submit.south.%') as waiting`

let platform: ScriptedPlatform
const shown = commandsOf('docs/connectors.md')

beforeAll(async () => {
  platform = await ScriptedPlatform.start()
  const user = { id: 'bank-api', account: 'bank', apiKey: API_KEY }
  await admin('PUT', '/users/bank-api', user)
})
afterAll(() => platform.stop())

function admin(method: string, path: string, body?: unknown): Promise<unknown> {
  return adminCall(platform.stack.ready.admin, method, `/admin/v1${path}`, body)
}

/**
 * Runs commands in this order and returns their output. Fails if the page does not show a command.
 */
async function run(...commands: string[]): Promise<string> {
  let said = ''
  for (const words of commands) {
    expect(shown).toContain(words)
    const { exitCode, stderr, stdout } = await runSignalbox(platform.stack.home, words)
    expect(stderr).toBe('')
    expect(exitCode).toBe(0)
    said += stdout
  }
  return said
}

function routes(byDefault?: string): Promise<unknown> {
  const both = [
    { prefix: '31', connector: 'north' },
    { prefix: '32', connector: 'south' },
  ]
  return admin('PUT', '/route-table', { routes: both, default: byDefault })
}

async function post(to: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`${platform.stack.ready.api.url}/v1/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ to, from: 'Shop', text: 'hello' }),
  })
  return { status: response.status, text: await response.text() }
}

async function statusOf(destination: string): Promise<number> {
  return (await platform.customer.attempt(destination, 0)).commandStatus
}

async function connector(id: string): Promise<Connector> {
  // The admin API returns the stored connector with its password hidden.
  return (await admin('GET', `/connectors/${id}`)) as Connector
}

async function changeConnector(id: string, fields: Partial<Connector>): Promise<void> {
  await admin('PUT', `/connectors/${id}`, { ...(await connector(id)), ...fields })
}

/**
 * Resolves when the workers have applied all changes made so far. It makes one more change, which
 * makes `south` connect again, and waits for the new session.
 */
async function untilFollowed(): Promise<void> {
  const [before] = platform.smsc.bindsOf('south')
  const { systemType } = await connector('south')
  await changeConnector('south', { systemType: `${systemType}x` })
  const present = () => platform.smsc.bindsOf('south')
  await expect.poll(() => present().length === 1 && present()[0] !== before, PATIENCE).toBe(true)
}

test('changing the pace and rules of a connector keeps its sessions open', async () => {
  const before = platform.smsc.bindsOf('north')
  expect(before).toHaveLength(2)
  await changeConnector('north', {
    tps: 3000,
    window: 50,
    throttlePauseMs: 5,
    receiptStates: { GONE: 'EXPIRED' },
  })
  await untilFollowed()
  expect(platform.smsc.bindsOf('north')).toEqual(before)
  await platform.customer.submit(NORTH)
  await expect.poll(() => platform.smsc.takenFor(NORTH).length, PATIENCE).toBe(1)
})

test('a paused connector accepts messages and receipts, and submits once resumed', async () => {
  const { customer, smsc } = platform
  const before = await customer.submit('31600000001')
  await expect.poll(() => smsc.takenFor('31600000001').length, PATIENCE).toBe(1)
  await run('connector pause north')
  await untilFollowed()
  const waiting = await customer.submit('31600000002')
  const brief = await customer.attempt('31600000002', 1, Buffer.from('brief'), '000000000002000R')
  const id = `UP-${smsc.taken.findIndex(({ destination }) => destination === '31600000001')}`
  await smsc.receiptUntilTaken('north', { id, stat: 'DELIVRD' })
  await expect.poll(() => customer.stats(before), PATIENCE).toEqual(['DELIVRD'])
  // The brief message expires while it waits.
  await expect.poll(() => customer.stats(brief.messageId), PATIENCE).toEqual(['EXPIRED'])
  expect(smsc.takenFor('31600000002')).toEqual([])
  expect(await admin('GET', '/connector-status/north')).toMatchObject({
    state: 'paused',
    waitingMessages: 1,
  })
  expect(smsc.bindsOf('north')).toHaveLength(2)
  await run('connector resume north')
  await expect.poll(() => smsc.takenFor('31600000002').length, PATIENCE).toBe(1)
  expect(customer.stats(waiting)).toEqual([])
})

test('a disabled connector is skipped; without another route, messages are throttled', async () => {
  const { customer, smsc } = platform
  await routes('south')
  await run('connector disable north')
  await expect.poll(() => smsc.bindsOf('north').length, { timeout: 5_000 }).toBe(0)
  // Until the router applies the change, it accepts messages for `north`, where they wait.
  const via = async () => {
    await customer.submit('31600000003', 0)
    return smsc.takenFor('31600000003').at(-1)?.connector
  }
  await expect.poll(via, PATIENCE).toBe('south')
  await routes()
  await expect.poll(() => statusOf('31600000004'), PATIENCE).toBe(ESME_RTHROTTLED)
  const { status, text } = await post('31600000004')
  expect(status).toBe(429)
  expect(text).not.toContain('north')
  await admin('POST', '/connectors/north/enable')
  await expect.poll(() => smsc.bindsOf('north').length, PATIENCE).toBe(2)
  await expect.poll(() => statusOf('31600000005'), PATIENCE).toBe(ESME_ROK)
  await platform.untilSettled()
})

test('moved messages are delivered once, even if the worker dies during the move', async () => {
  const { customer, smsc, stack } = platform
  await run('connector pause north')
  // At this pace an envelope holds ten messages, so the move takes several steps.
  await changeConnector('north', { tps: 5 })
  // `south` submits nothing until every message has moved, because a worker that dies may submit a
  // message twice.
  await admin('POST', '/connectors/south/pause')
  await untilFollowed()
  const destinations = Array.from({ length: 500 }, (_, index) => `3171${1_000_000 + index}`)
  const ids = await Promise.all(destinations.map((one) => customer.submit(one)))
  const early = await runSignalbox(stack.home, 'connector delete north')
  expect(early).toMatchObject({ exitCode: 2, stdout: '' })
  expect(early.stderr).toContain('the route table uses connector "north"')
  await admin('PUT', '/route-table', { routes: [{ prefix: '32', connector: 'south' }] })
  const refused = await runSignalbox(stack.home, 'connector delete north')
  expect(refused.stderr).toContain('still has 500 accepted messages to send')
  const said = run('connector disable north', 'connector move north --to south')
  await expect.poll(() => platform.count(WAITING_FOR_SOUTH), PATIENCE).toBeGreaterThan(0)
  stack.kill('workers')
  expect(await said).toContain('All messages of north have moved to south.')
  // A message that moves during the count may be counted in both places.
  const list = async () => (await runSignalbox(stack.home, 'connector list')).stdout
  await expect.poll(list, PATIENCE).toMatch(/^south +paused +\d of 1 +500$/m)
  expect(await list()).toMatch(/^north +disabled, moving its messages to south +0 of 2 +0$/m)
  await admin('POST', '/connectors/south/resume')
  const moved = () => smsc.taken.filter(({ destination }) => destination.startsWith('3171'))
  await expect.poll(() => moved().length, PATIENCE).toBe(500)
  await platform.untilSettled()
  expect(new Set(moved().map(({ destination }) => destination))).toEqual(new Set(destinations))
  expect(moved()).toHaveLength(500)
  expect(new Set(moved().map(({ connector }) => connector))).toEqual(new Set(['south']))
  const trace = await platform.trace(ids[0] ?? '')
  expect(trace.connector).toBe('south')
  expect(trace.steps.map(({ step }) => step)).toEqual(['accepted', 'moved', 'submitted'])
  expect(await run('connector delete north')).toBe('Connector north is deleted.\n')
})

test('purged messages end as undeliverable, with a receipt if one was requested', async () => {
  const { customer, smsc, stack } = platform
  await admin('POST', '/connectors/south/pause')
  await untilFollowed()
  const before = smsc.taken.length
  const [asked, other] = [await customer.submit(SOUTH, 1), await customer.submit(SOUTH, 0)]
  await run('connector disable south')
  const unsure = await runSignalbox(stack.home, 'connector purge south')
  expect(unsure.exitCode).toBe(3)
  expect(unsure.stderr).toContain('Pass --yes to confirm')
  expect(await run('connector purge south --yes')).toBe('No message waits for south any more.\n')
  await expect.poll(() => customer.stats(asked), PATIENCE).toEqual(['UNDELIV'])
  await platform.untilSettled()
  expect(customer.stats(other)).toEqual([])
  expect((await platform.trace(other)).state).toBe('UNDELIVERABLE')
  expect(await platform.outcomes('purged', 'south')).toBe(2)
  await run('connector enable south')
  await admin('POST', '/connectors/south/resume')
  await expect.poll(() => statusOf(SOUTH), PATIENCE).toBe(ESME_ROK)
  await expect.poll(() => smsc.taken.length, PATIENCE).toBe(before + 1)
})
