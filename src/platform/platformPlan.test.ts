import { expect, test } from 'vitest'
import { platformSchema } from './platformDocument.ts'
import { HIDDEN } from './resourceKind.ts'
import type { PlatformDocument } from './platformDocument.ts'
import { planPlatform } from './platformPlan.ts'
import type { PlatformPlan } from './platformPlan.ts'
import { hashApiKey, verifyPassword } from './userSecrets.ts'

const EMPTY = platformSchema.parse({})
const API_KEY = 'a-key-of-sixteen-or-more'

function given(): PlatformDocument {
  return platformSchema.parse({
    accounts: [{ id: 'demo' }],
    users: [{ id: 'alice', account: 'demo', password: 'secret', apiKey: API_KEY }],
    connectors: [{ id: 'smsc', host: 'localhost', port: 2776, systemId: 'us', password: 'pw' }],
    routeTable: { routes: [{ prefix: '43', connector: 'smsc' }], default: 'smsc' },
  })
}

async function planned(document: PlatformDocument, stored: PlatformDocument) {
  const plan = await planPlatform(document, stored)
  if (plan.kind !== 'plan') throw new Error(JSON.stringify(plan.problems))
  return plan
}

async function storedDocument(): Promise<PlatformDocument> {
  return (await planned(given(), EMPTY)).platform
}

function problems(plan: PlatformPlan): string[] {
  return plan.kind === 'problems'
    ? plan.problems.map(({ pointer, path, detail }) => `${pointer} ${path}: ${detail}`)
    : []
}

test("a user's secrets are hashed before they are written", async () => {
  const { writes } = await planned(given(), EMPTY)
  const spec = writes.find(({ kind }) => kind === 'user')?.spec
  expect(spec).toMatchObject({ apiKeyHash: hashApiKey(API_KEY) })
  expect(spec).not.toHaveProperty('password')
  expect(spec).not.toHaveProperty('apiKey')
  const { passwordHash } = platformSchema.shape.users.unwrap().element.parse(spec)
  expect(passwordHash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  await expect(verifyPassword(passwordHash ?? '', 'secret')).resolves.toBe(true)
})

test('planning a new platform creates each of its resources', async () => {
  const { changes, writes } = await planned(given(), EMPTY)
  expect(changes.map(({ action, kind, id }) => `${action} ${kind} ${id}`)).toEqual([
    'create account demo',
    'create user alice',
    'create connector smsc',
    'update route_table active',
  ])
  expect(writes).toHaveLength(4)
})

test('applying the same document again changes nothing', async () => {
  const { changes, writes } = await planned(given(), await storedDocument())
  expect(changes).toEqual([])
  expect(writes).toEqual([])
})

test('applying an exported document changes nothing', async () => {
  const stored = await storedDocument()
  const connectors = stored.connectors.map((one) => ({ ...one, password: HIDDEN }))
  const { changes, platform } = await planned({ ...stored, connectors }, stored)
  expect(changes).toEqual([])
  expect(platform).toEqual(stored)
})

test('changed secrets are shown as changed, without their values', async () => {
  const stored = await storedDocument()
  const document = given()
  document.users[0] = { ...given().users[0]!, password: 'other', apiKey: `${API_KEY}-2` }
  document.connectors[0] = { ...given().connectors[0]!, password: 'another' }
  const { changes } = await planned(document, stored)
  expect(changes.map(({ id, fields }) => [id, fields])).toEqual([
    [
      'alice',
      [
        { path: 'password', from: '(hidden)', to: '(changed)' },
        { path: 'apiKey', from: '(hidden)', to: '(changed)' },
      ],
    ],
    ['smsc', [{ path: 'password', from: '(hidden)', to: '(changed)' }]],
  ])
})

test('a resource that is missing from the document is deleted', async () => {
  const { changes, writes } = await planned(EMPTY, await storedDocument())
  expect(changes.map(({ action, kind, id }) => `${action} ${kind} ${id}`)).toEqual([
    'delete account demo',
    'delete user alice',
    'delete connector smsc',
    'update route_table active',
  ])
  expect(writes.map(({ spec }) => spec)).toEqual([undefined, undefined, undefined, { routes: [] }])
})

test('a hidden password without a stored password is reported as a problem', async () => {
  const document = given()
  document.users[0] = { ...given().users[0]!, password: HIDDEN }
  document.connectors[0] = { ...given().connectors[0]!, password: HIDDEN }
  expect(problems(await planPlatform(document, EMPTY))).toEqual([
    '#/users/0/password users[0].password: is (hidden), but no password is stored yet: ' +
      'give the password itself',
    '#/connectors/0/password connectors[0].password: is (hidden), but no password is stored ' +
      'yet: give the password itself',
  ])
})

test('a reference to a missing resource is reported with its place in the document', async () => {
  const document = given()
  document.accounts = []
  document.connectors = []
  expect(problems(await planPlatform(document, EMPTY))).toEqual([
    '#/users/0/account users.alice.account: there is no account "demo"',
    '#/routeTable/routes/0/connector routeTable.routes[0].connector: there is no connector "smsc"',
    '#/routeTable/default routeTable.default: there is no connector "smsc"',
  ])
})

test('two users cannot have the same API key', async () => {
  const document = given()
  document.users.push({ ...given().users[0]!, id: 'bob' })
  expect(problems(await planPlatform(document, EMPTY))).toEqual([
    '#/users/1/apiKey users[1].apiKey: is also the key of user "alice": ' +
      'each user needs its own key',
  ])
})

test('a removed password is shown as removed', async () => {
  const document = given()
  const { password: _, ...rest } = given().users[0]!
  document.users[0] = rest
  const { changes } = await planned(document, await storedDocument())
  expect(changes[0]?.fields).toEqual([{ path: 'password', from: '(hidden)' }])
})
