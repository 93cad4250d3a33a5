import { expect, test } from 'vitest'
import { call, memoryStore, startServer } from './adminServer.fixture.ts'

const smsc = { host: 'h', port: 2776, systemId: 'us', password: 'pw' }
const platform = {
  connectors: [
    { ...smsc, id: 'smsc', binds: 2 },
    { ...smsc, id: 'other' },
  ],
}

async function serverWith(waiting = 0) {
  const store = memoryStore()
  store.waitingFor = async (_, id) => (id === 'smsc' ? waiting : 0)
  const server = startServer(store)
  await call(server, 'POST', '/platform/apply', platform)
  const act = (action: string, body?: object) =>
    call(server, 'POST', `/connectors/smsc/${action}`, body)
  return { act, server, store }
}

test('the status of each connector contains its state, binds and waiting messages', async () => {
  const { server } = await serverWith(7)
  const { answer } = await call(server, 'GET', '/connector-status')
  const shared = { state: 'enabled', waiting: 'keep' }
  expect(answer).toEqual([
    { ...shared, id: 'other', binds: 1, bindsUp: 0, waitingMessages: 0 },
    { ...shared, id: 'smsc', binds: 2, bindsUp: 1, waitingMessages: 7 },
  ])
  const one = await call(server, 'GET', '/connector-status/smsc')
  expect(one.answer).toMatchObject({ id: 'smsc', waitingMessages: 7 })
  expect(await call(server, 'GET', '/connector-status/none')).toMatchObject({ status: 404 })
})

test('each action creates one revision and returns the new status', async () => {
  const { act, server, store } = await serverWith()
  const before = store.revision
  expect((await act('pause')).answer).toMatchObject({ state: 'paused' })
  expect((await act('resume')).answer).toMatchObject({ state: 'enabled' })
  expect((await act('disable')).answer).toMatchObject({ state: 'disabled', waiting: 'keep' })
  expect((await act('purge')).answer).toMatchObject({ waiting: 'purge' })
  const moved = await act('move', { to: 'other' })
  expect(moved.answer).toMatchObject({ state: 'disabled', waiting: { moveTo: 'other' } })
  expect((await act('enable')).answer).toMatchObject({ state: 'enabled', waiting: 'keep' })
  expect(store.revision).toBe(before + 6)
  // Secrets and all other fields are unchanged.
  const exported = await call(server, 'GET', '/platform?secrets=true')
  const connectors = expect.arrayContaining([expect.objectContaining(platform.connectors[0])])
  expect(exported.answer).toMatchObject({ connectors })
})

test('a refusal of an action names the command that makes the action possible', async () => {
  const { act, server } = await serverWith()
  expect(await act('purge')).toMatchObject({
    status: 409,
    answer: { detail: expect.stringContaining('`signalbox connector disable smsc`') },
  })
  await act('disable')
  expect(await act('move', { to: 'none' })).toMatchObject({ status: 409 })
  expect(await act('move', {})).toMatchObject({ status: 422 })
  expect(await call(server, 'POST', '/connectors/none/pause')).toMatchObject({ status: 404 })
})

test('the refusal to delete a connector with waiting messages says what to do', async () => {
  const { server, store } = await serverWith(7)
  const { status, answer } = await call(server, 'DELETE', '/connectors/smsc')
  expect(status).toBe(409)
  expect(answer).toMatchObject({
    detail:
      'connector "smsc" still has 7 accepted messages to send. Let it finish, or `signalbox ' +
      'connector disable smsc` and then either move them with `signalbox connector move smsc ' +
      '--to OTHER` or discard them with `signalbox connector purge smsc`',
  })
  store.waitingFor = async () => 0
  expect((await call(server, 'DELETE', '/connectors/smsc')).status).toBe(204)
})
