import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { openTestStore } from '../../database/testing/testStore.ts'
import type { TestStore } from '../../database/testing/testStore.ts'
import { readResources, readSelected, writeResources } from '../../platform/resourceTable.ts'
import type { ResourceStore } from '../../platform/storedPlatform.ts'
import { userSchema } from '../../platform/user.ts'
import { hashApiKey } from '../../platform/userSecrets.ts'
import { call, startServer } from './adminServer.fixture.ts'

const HASH = '$argon2id$v=19$m=19456,t=2,p=1$c2lnbmFsYm94$c2lnbmFsYm94c2lnbmFsYm94c2ln'
const KEY = 'a-key-of-sixteen-characters'
const USERS = 300
const smsc = { host: 'h', port: 2776, systemId: 'us', password: 'pw' }

let store: TestStore
beforeAll(async () => {
  store = await openTestStore()
  const users = Array.from({ length: USERS }, (_, at) => ({
    kind: 'user',
    id: `u${at}`,
    spec: { id: `u${at}`, account: 'crowd', passwordHash: HASH },
  }))
  await writeResources(store.link().database, [
    ...['crowd', 'demo', 'empty'].map((id) => ({ kind: 'account', id, spec: { id } })),
    ...users,
    {
      kind: 'user',
      id: 'keyed',
      spec: { id: 'keyed', account: 'demo', apiKeyHash: hashApiKey(KEY) },
    },
    { kind: 'connector', id: 'nl', spec: { id: 'nl', ...smsc } },
    { kind: 'connector', id: 'de', spec: { id: 'de', ...smsc } },
    { kind: 'route_table', id: 'active', spec: { routes: [{ prefix: '31', connector: 'nl' }] } },
  ])
})
afterAll(() => store.drop())

/**
 * Starts an admin API, as one process would. `beforeWrite` runs before each write, after the API
 * has read the platform. `read` lists the resources that the API has read.
 */
function adminApi(beforeWrite: () => Promise<void> = async () => undefined) {
  const { database } = store.link()
  const read: string[] = []
  const resources: ResourceStore = {
    async read(selection) {
      const found = await (selection ? readSelected(database, selection) : readResources(database))
      read.push(...found.rows.map(({ kind, id }) => `${kind}/${id}`))
      return found
    },
    async write(changes, expectedRevision) {
      await beforeWrite()
      return writeResources(database, changes, expectedRevision)
    },
    waitingFor: async () => 0,
  }
  return { server: startServer(resources), read }
}

test('a user is put without reading or validating the other users', async () => {
  const { server, read } = adminApi()
  const parse = vi.spyOn(userSchema, 'safeParse')
  const put = { account: 'crowd', passwordHash: HASH }
  expect((await call(server, 'PUT', '/users/new', put)).status).toBe(201)
  expect(read).toEqual(['account/crowd'])
  read.length = 0
  const change = await call(server, 'PUT', '/users/new', { ...put, window: 7 })
  expect(change).toMatchObject({ status: 200, answer: { id: 'new', window: 7 } })
  expect(new Set(read)).toEqual(new Set(['user/new', 'account/crowd']))
  expect(parse.mock.calls.length).toBeLessThan(10)
  parse.mockRestore()
  read.length = 0
  expect((await call(server, 'GET', '/users/new')).answer).toMatchObject({ window: 7 })
  expect(read).toEqual(['user/new'])
  expect((await call(server, 'DELETE', '/users/new')).status).toBe(204)
})

test('putting an account reads no users, and an account with users is not deleted', async () => {
  const { server, read } = adminApi()
  expect((await call(server, 'PUT', '/accounts/crowd', { name: 'Crowd' })).status).toBe(200)
  expect(read).toEqual(['account/crowd'])
  expect(await call(server, 'DELETE', '/accounts/crowd')).toMatchObject({
    status: 409,
    answer: { detail: expect.stringMatching(/^account "crowd" has users: .* and 295 more\./) },
  })
  expect((await call(server, 'DELETE', '/accounts/empty')).status).toBe(204)
})

test('a user is refused if its account does not exist or its key is already used', async () => {
  const { server, read } = adminApi()
  const lost = await call(server, 'PUT', '/users/bob', { account: 'nobody', apiKey: KEY })
  expect(lost).toMatchObject({ status: 422, answer: { detail: /there is no account "nobody"/ } })
  read.length = 0
  for (const secret of [{ apiKey: KEY }, { apiKeyHash: hashApiKey(KEY) }]) {
    const shared = await call(server, 'PUT', '/users/bob', { account: 'crowd', ...secret })
    expect(shared).toMatchObject({
      status: 422,
      answer: { detail: /is also the key of user "(keyed|bob)"/ },
    })
  }
  expect(new Set(read)).toEqual(new Set(['account/crowd', 'user/keyed', 'account/demo']))
})

test('references between connectors and routes are checked in both directions', async () => {
  const { server } = adminApi()
  const off = { ...smsc, enabled: false }
  const moved = { ...off, waiting: { moveTo: 'nl' } }
  expect((await call(server, 'PUT', '/connectors/de', moved)).status).toBe(200)
  const back = await call(server, 'PUT', '/connectors/nl', { ...off, waiting: { moveTo: 'de' } })
  expect(back).toMatchObject({ status: 422, answer: { detail: /moves messages in a circle/ } })
  const routed = await call(server, 'DELETE', '/connectors/nl')
  expect(routed).toMatchObject({
    status: 409,
    answer: { detail: /messages are moved to connector "nl".*route table uses connector "nl"/ },
  })
  const lost = await call(server, 'PUT', '/route-table', {
    routes: [{ prefix: '49', connector: 'gone' }],
  })
  expect(lost).toMatchObject({ status: 422, answer: { detail: /there is no connector "gone"/ } })
  const routes = { routes: [{ prefix: '49', connector: 'de' }] }
  expect(await call(server, 'PUT', '/route-table', routes)).toMatchObject({ status: 200 })
})

test('a user is refused if another process deletes its account at the same time', async () => {
  const other = adminApi()
  await call(other.server, 'PUT', '/accounts/brief', {})
  let deletion = 0
  const { server } = adminApi(async () => {
    if (deletion === 0) deletion = (await call(other.server, 'DELETE', '/accounts/brief')).status
  })
  const put = await call(server, 'PUT', '/users/late', { account: 'brief', passwordHash: HASH })
  expect(deletion).toBe(204)
  expect(put).toMatchObject({ status: 422, answer: { detail: /there is no account "brief"/ } })
  expect((await call(server, 'GET', '/users/late')).status).toBe(404)
})

test('an account is not deleted if another process adds a user at the same time', async () => {
  const other = adminApi()
  await call(other.server, 'PUT', '/accounts/taken', {})
  let creation = 0
  const { server } = adminApi(async () => {
    const put = { account: 'taken', passwordHash: HASH }
    if (creation === 0) creation = (await call(other.server, 'PUT', '/users/soon', put)).status
  })
  expect(await call(server, 'DELETE', '/accounts/taken')).toMatchObject({
    status: 409,
    answer: { detail: /account "taken" has users: soon/ },
  })
  expect(creation).toBe(201)
})
