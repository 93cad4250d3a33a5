import { expect, test } from 'vitest'
import { parseMessageId } from '../../message/ids.ts'
import { StoreUnavailable } from '../../database/database.ts'
import type { ResourceStore } from '../../platform/storedPlatform.ts'
import { authorization, call, memoryStore, startServer, TOKEN } from './adminServer.fixture.ts'
import type { Server } from './adminServer.fixture.ts'

const platform = {
  accounts: [{ id: 'demo' }],
  users: [{ id: 'alice', account: 'demo', password: 'secret' }],
  connectors: [{ id: 'smsc', host: 'h', port: 2776, systemId: 'us', password: 'pw' }],
  routeTable: { routes: [{ prefix: '43', connector: 'smsc' }], default: 'smsc' },
}

async function appliedServer(store?: ResourceStore): Promise<Server> {
  const server = startServer(store)
  const { status } = await call(server, 'POST', '/platform/apply', platform)
  expect(status).toBe(200)
  return server
}

test('a request without the token gets 401', async () => {
  const server = startServer()
  for (const wrong of ['', 'Bearer ', 'Bearer wrong', `Basic ${TOKEN}`]) {
    const { status, headers, answer } = await call(server, 'GET', '/platform', undefined, {
      authorization: wrong,
    })
    expect(status).toBe(401)
    expect(headers['content-type']).toBe('application/problem+json')
    expect(headers['www-authenticate']).toBe('Bearer')
    expect(answer).toMatchObject({ title: 'Not authorised', status: 401 })
  }
})

test('applying a platform creates one revision, and applying it again creates none', async () => {
  const server = startServer()
  const first = await call(server, 'POST', '/platform/apply', platform)
  expect(first.answer).toMatchObject({ revision: 1 })
  expect(first.headers['etag']).toBe('"1"')
  const second = await call(server, 'POST', '/platform/apply', platform)
  expect(second.answer).toEqual({ revision: 1, changes: [] })
})

test('a dry run reports changes without making them', async () => {
  const store = memoryStore()
  const server = startServer(store)
  const { answer } = await call(server, 'POST', '/platform/apply?dryRun=true', platform)
  expect(answer).toMatchObject({
    revision: 0,
    changes: [{ action: 'create', id: 'demo' }, {}, {}, {}],
  })
  expect(store.revision).toBe(0)
})

test('an export with masked secrets can be applied without changes', async () => {
  const server = await appliedServer()
  const exported = await call(server, 'GET', '/platform')
  expect(exported.answer).toMatchObject({ connectors: [{ password: '(hidden)' }] })
  // The answer to an export is a platform document, which is an object.
  const document = exported.answer as object
  const diff = await call(server, 'POST', '/platform/diff', document)
  expect(diff).toMatchObject({ status: 200, answer: { changes: [] } })
  const open = await call(server, 'GET', '/platform?secrets=true')
  expect(open.answer).toMatchObject({ connectors: [{ password: 'pw' }] })
})

test('the answer to an invalid document names every error and its place', async () => {
  const connectors = [{ ...platform.connectors[0], port: 'abc', tsp: 5 }]
  const { status, answer } = await call(startServer(), 'POST', '/platform/apply', { connectors })
  expect(status).toBe(422)
  expect(answer).toMatchObject({
    detail:
      'connectors[0].port: expected a number from 1 to 65535, got "abc"; ' +
      'connectors[0]: unknown key "tsp"; did you mean "tps"?',
    errors: [/^connectors\[0\].port: /, /unknown key "tsp"/],
    pointers: ['#/connectors/0/port', '#/connectors/0/tsp'],
  })
})

test('broken JSON, an invalid id and an unknown path get problem documents', async () => {
  const server = startServer()
  const headers = { authorization, 'content-type': 'application/json' }
  const url = '/admin/v1/platform/apply'
  const broken = await server.inject({ method: 'POST', url, headers, payload: '{' })
  expect(broken.statusCode).toBe(400)
  expect(broken.headers['content-type']).toBe('application/problem+json')
  const yaml = { ...headers, 'content-type': 'text/yaml' }
  const other = await server.inject({ method: 'POST', url, headers: yaml, payload: 'a: 1' })
  expect(other.statusCode).toBe(415)
  expect((await call(server, 'GET', '/messages/17')).status).toBe(400)
  expect((await call(server, 'GET', '/nothing')).status).toBe(404)
  const id = '01890a5d-ac96-774b-bcce-b302099a8057'
  expect(parseMessageId(id)).toBeDefined()
  expect((await call(server, 'GET', `/messages/${id}`)).status).toBe(404)
})

test('a single resource can be put, read and deleted', async () => {
  const server = await appliedServer()
  const created = await call(server, 'PUT', '/users/bob', { account: 'demo', password: 'pw' })
  expect(created.status).toBe(201)
  expect(created.answer).toMatchObject({ id: 'bob', window: 1000 })
  expect(created.answer).not.toHaveProperty('password')
  const again = await call(server, 'PUT', '/users/bob', { account: 'demo', password: 'pw' })
  expect(again.status).toBe(200)
  expect(again.headers['etag']).toBe(created.headers['etag'])
  expect((await call(server, 'GET', '/users/bob')).answer).toEqual(created.answer)
  expect((await call(server, 'GET', '/users')).answer).toHaveLength(2)
  expect((await call(server, 'DELETE', '/users/bob')).status).toBe(204)
  expect((await call(server, 'GET', '/users/bob')).status).toBe(404)
  expect((await call(server, 'DELETE', '/users/bob')).status).toBe(404)
})

test('a resource is refused if its account is missing or its id contradicts the path', async () => {
  const server = await appliedServer()
  const lost = await call(server, 'PUT', '/users/bob', { account: 'nowhere', password: 'pw' })
  expect(lost).toMatchObject({ status: 422, answer: { detail: /there is no account "nowhere"/ } })
  const other = await call(server, 'PUT', '/accounts/a', { id: 'b' })
  expect(other).toMatchObject({ status: 422, answer: { detail: /the path says "a"/ } })
})

test('a resource in use is not deleted, and the answer says what to change first', async () => {
  const server = await appliedServer()
  expect(await call(server, 'DELETE', '/connectors/smsc')).toMatchObject({
    status: 409,
    answer: {
      detail:
        'the route table uses connector "smsc": prefix 43, the default. ' +
        'Change the route table first: PUT /admin/v1/route-table',
    },
  })
  expect(await call(server, 'DELETE', '/accounts/demo')).toMatchObject({ status: 409 })
  const emptied = await call(server, 'PUT', '/route-table', { routes: [] })
  expect(emptied.status).toBe(200)
  expect((await call(server, 'DELETE', '/connectors/smsc')).status).toBe(204)
})

test('a change is refused if If-Match does not name the current revision', async () => {
  const server = await appliedServer()
  const change = { account: 'demo', password: 'pw' }
  const stale = await call(server, 'PUT', '/users/bob', change, { 'if-match': '"0"' })
  expect(stale.status).toBe(412)
  const fresh = await call(server, 'PUT', '/users/bob', change, { 'if-match': '"1"' })
  expect(fresh.status).toBe(201)
  const odd = await call(server, 'PUT', '/users/bob', change, { 'if-match': 'yes' })
  expect(odd.status).toBe(400)
})

test('a change that conflicts with a concurrent change is retried a few times', async () => {
  const store = memoryStore()
  const server = await appliedServer(store)
  let meetings = 2
  store.beforeWrite = () => {
    if (meetings-- > 0) store.revision++
  }
  const body = { account: 'demo', password: 'pw' }
  expect((await call(server, 'PUT', '/users/bob', body)).status).toBe(201)
  store.beforeWrite = () => {
    store.revision++
  }
  expect((await call(server, 'PUT', '/users/eve', body)).status).toBe(412)
})

test('requests get 503 while the database is unavailable', async () => {
  const away = async () => {
    throw new StoreUnavailable('connect ECONNREFUSED')
  }
  const server = startServer({ read: away, write: away, waitingFor: away })
  expect(await call(server, 'GET', '/platform')).toMatchObject({
    status: 503,
    answer: { title: 'Temporarily unavailable' },
  })
})

test('a document may be up to 32 MiB long, which is enough for 200,000 users', async () => {
  const server = startServer()
  const headers = { authorization, 'content-type': 'application/json' }
  const diff = (octets: number) =>
    server.inject({
      method: 'POST',
      url: '/admin/v1/platform/diff',
      headers,
      payload: '{}'.padEnd(octets),
    })
  expect((await diff(32 * 1024 * 1024)).statusCode).toBe(200)
  expect((await diff(32 * 1024 * 1024 + 1)).statusCode).toBe(413)
})
