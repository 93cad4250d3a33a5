import assert from 'node:assert'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { BindRegistry } from '../components/gateway/bindRegistry.ts'
import { accountSchema } from './account.ts'
import { type Database, openDatabase } from '../database/database.ts'
import { PlatformFollower } from './platformFollower.ts'
import type { ResourceRow } from './resourceRow.ts'
import { readResources, writeResources } from './resourceTable.ts'
import { hashApiKey } from './userSecrets.ts'
import { KeptFile } from '../runtime/keptFile.ts'
import { openTestStore, type TestStore } from '../database/testing/testStore.ts'

let store: TestStore
let database: Database
let folder: string

beforeAll(async () => {
  store = await openTestStore()
  database = store.link().database
  folder = await mkdtemp(join(tmpdir(), 'signalbox-follower-'))
})
afterAll(async () => {
  await store.drop()
  await rm(folder, { recursive: true })
})

function followerOn(on: Database, file: string): PlatformFollower {
  return new PlatformFollower({
    resources: { read: (since) => readResources(on, since) },
    snapshot: new KeptFile(join(folder, file)),
    onTrouble: () => undefined, // expected: tests below make the database unavailable
  })
}

function account(id: string) {
  return { kind: 'account' as const, id, spec: accountSchema.parse({ id }) }
}

test('a follower sees changes and deletions of resources', async () => {
  const follower = followerOn(database, 'changes.json')
  await follower.start()
  const seen: string[][] = []
  follower.follow((platform) => seen.push([...platform.accounts.keys()].toSorted()))
  const revision = await writeResources(database, [account('a'), account('b')])
  await expect.poll(() => follower.platform.revision).toBe(revision)
  await writeResources(database, [{ kind: 'account', id: 'a', spec: undefined }])
  await expect.poll(() => [...follower.platform.accounts.keys()]).toEqual(['b'])
  expect(seen.at(0)).toEqual([])
  follower.stop()
})

test('a process that starts without the database uses the platform of its snapshot', async () => {
  await writeResources(database, [account('kept')])
  const before = followerOn(database, 'cold.json')
  await before.start()
  const { revision } = before.platform
  before.stop()
  await before.whenKept()
  const away = openDatabase({
    databaseUrl: 'postgresql://nobody@127.0.0.1:1/nothing',
    poolSize: 1,
    applicationName: 'away',
  })
  const after = followerOn(away, 'cold.json')
  await after.start()
  expect(after.platform.revision).toBe(revision)
  expect(after.platform.accounts.has('kept')).toBe(true)
  after.stop()
  await away.close()
})

interface Trouble {
  readonly what: string
  readonly message: string
}

/** An in-memory database and disk. `fail` makes the database unavailable. */
function memoryPorts(rows: readonly ResourceRow[] = [], kept?: string) {
  const troubles: Trouble[] = []
  let failure: Error | undefined
  const ports = {
    rows: [...rows],
    kept,
    troubles,
    fail: (error: Error | undefined) => (failure = error),
    resources: {
      async read(since: number) {
        if (failure) throw failure
        const newer = ports.rows.filter((row) => row.revision > since)
        return { revision: Math.max(since, ...newer.map(({ revision }) => revision)), rows: newer }
      },
    },
    snapshot: {
      read: async () => ports.kept,
      write: async (pieces: Iterable<string>) => {
        ports.kept = [...pieces].join('')
      },
    },
    onTrouble: (what: string, error: Error) => troubles.push({ what, message: error.message }),
  }
  return ports
}

type Ports = ReturnType<typeof memoryPorts>

async function startedOn(ports: Ports): Promise<PlatformFollower> {
  const follower = new PlatformFollower(ports)
  onTestFinished(() => follower.stop())
  await follower.start()
  return follower
}

function rowOf(kind: string, id: string, spec: unknown, revision = 1): ResourceRow {
  return { kind, id, spec, revision, deleted: false }
}

/** A user stored by an older version, without `enabled`, `maxBinds` and `window`. */
const olderUser = { id: 'alice', account: 'demo', apiKeyHash: hashApiKey('a-key-of-sixteen-char') }
const defaults = { enabled: true, maxBinds: 10, window: 1000 }

test('a user stored without maxBinds and window gets the defaults and can bind', async () => {
  const follower = await startedOn(memoryPorts([rowOf('user', 'alice', olderUser)]))
  const user = follower.platform.users.get('alice')
  assert(user)
  expect(user).toEqual({ ...olderUser, ...defaults })
  expect(new BindRegistry().hasRoomFor(user)).toBe(true)
})

test('users in a snapshot of an older version get the defaults', async () => {
  const rows = [rowOf('user', 'alice', olderUser), rowOf('connector', 'smsc', null)]
  const ports = memoryPorts([], JSON.stringify({ revision: 1, rows }))
  ports.fail(new Error('unavailable'))
  const follower = await startedOn(ports)
  expect(follower.platform.users.get('alice')).toEqual({ ...olderUser, ...defaults })
  expect(follower.platform.connectors.size).toBe(0)
  expect(ports.troubles.map(({ message }) => message)).toEqual([
    expect.stringContaining('stored connector "smsc" (revision 1)'),
    'unavailable',
  ])
})

test('unknown fields and kinds are ignored but kept in the snapshot', async () => {
  const newerUser = { ...olderUser, colour: 'red' }
  const ports = memoryPorts([rowOf('user', 'alice', newerUser), rowOf('tariff', 't', {})])
  const follower = await startedOn(ports)
  expect(follower.platform.users.get('alice')).toEqual({ ...olderUser, ...defaults })
  expect(ports.troubles).toEqual([])
  await expect.poll(() => ports.kept).toMatch(/"colour":"red".*"tariff"/)
})

test('an unreadable row is reported once, and other rows are still followed', async () => {
  const ports = memoryPorts([rowOf('user', 'alice', olderUser), rowOf('account', 'demo', {})])
  const follower = await startedOn(ports)
  expect([...follower.platform.users.keys()]).toEqual(['alice'])
  ports.rows = [
    rowOf('user', 'alice', { ...olderUser, maxBinds: 'many' }, 2),
    rowOf('user', 'bob', { ...olderUser, id: 'bob' }, 3),
  ]
  await expect.poll(() => follower.platform.revision).toBe(3)
  ports.rows.push(rowOf('account', 'other', { id: 'other' }, 4))
  await expect.poll(() => follower.platform.revision).toBe(4)
  expect(follower.platform.users.get('alice')).toEqual({ ...olderUser, ...defaults })
  expect([...follower.platform.users.keys()]).toEqual(['alice', 'bob'])
  expect([...follower.platform.accounts.keys()]).toEqual(['other'])
  expect(ports.troubles.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^the stored account "demo" \(revision 1\).*or a newer one$/),
    expect.stringMatching(/^the stored user "alice" \(revision 2\).*run the version that wrote/),
  ])
})

test('after a restart, the last readable version of an unreadable row is still used', async () => {
  const ports = memoryPorts([rowOf('user', 'alice', olderUser)])
  await startedOn(ports)
  await expect.poll(() => ports.kept).toBeDefined()
  ports.rows = [rowOf('user', 'alice', { ...olderUser, maxBinds: 'many' }, 2)]
  const again = await startedOn(ports)
  await again.whenKept()
  expect(again.platform.revision).toBe(2)
  expect(again.platform.users.get('alice')).toEqual({ ...olderUser, ...defaults })
  ports.fail(new Error('unavailable'))
  const cold = await startedOn(ports)
  expect(cold.platform.users.get('alice')).toEqual({ ...olderUser, ...defaults })
})

test('a damaged snapshot is reported, and the follower waits for the database', async () => {
  const ports = memoryPorts([rowOf('account', 'demo', { id: 'demo' })], '{"rows":')
  ports.fail(new Error('unavailable'))
  const follower = new PlatformFollower(ports)
  onTestFinished(() => follower.stop())
  const started = follower.start()
  await expect
    .poll(() => ports.troubles.map(({ what }) => what))
    .toEqual(['reading the snapshot of the platform failed', 'following the platform failed'])
  ports.fail(undefined)
  await started
  expect(follower.platform.accounts.has('demo')).toBe(true)
})

test('confirmedAtMs is the time of the last query that the database answered', async () => {
  const asked: number[] = []
  let isAway = false
  const read = async () => {
    if (isAway) throw new Error('unavailable')
    asked.push(Date.now())
    return { revision: 1, rows: [] }
  }
  const follower = new PlatformFollower({
    resources: { read },
    snapshot: { read: async () => undefined, write: async () => undefined },
    onTrouble: () => undefined, // expected: the database becomes unavailable below
  })
  onTestFinished(() => follower.stop())
  expect(follower.confirmedAtMs).toBe(Number.NEGATIVE_INFINITY)
  await follower.start()
  const first = follower.confirmedAtMs
  await expect.poll(() => follower.confirmedAtMs, { timeout: 5_000 }).toBeGreaterThan(first)
  isAway = true
  await expect
    .poll(() => asked.at(-1), { timeout: 5_000 })
    .toBeGreaterThanOrEqual(follower.confirmedAtMs)
})

test('a deletion after the snapshot is seen even if its tombstone no longer exists', async () => {
  const [gone, kept] = ['gone', 'kept'].map((id) => rowOf('account', id, { id }))
  assert(gone && kept)
  const ports = memoryPorts([kept], JSON.stringify({ revision: 1, rows: [gone, kept] }))
  ports.fail(new Error('unavailable'))
  const follower = await startedOn(ports)
  expect([...follower.platform.accounts.keys()]).toEqual(['gone', 'kept'])
  ports.fail(undefined)
  await expect
    .poll(() => [...follower.platform.accounts.keys()], { timeout: 5_000 })
    .toEqual(['kept'])
})

test('after half a day without an answer, a follower reads all resources again', async () => {
  const [gone, kept] = ['gone', 'kept'].map((id) => rowOf('account', id, { id }))
  assert(gone && kept)
  const ports = memoryPorts([gone, kept])
  const follower = await startedOn(ports)
  ports.rows = [kept]
  const laterMs = Date.now() + 13 * 3_600_000
  const now = vi.spyOn(Date, 'now').mockReturnValue(laterMs)
  await expect
    .poll(() => [...follower.platform.accounts.keys()], { timeout: 5_000 })
    .toEqual(['kept'])
  now.mockRestore()
})

function following(ports: Ports, ignored: readonly string[]): PlatformFollower {
  const follower = new PlatformFollower({ ...ports, ignoredKinds: new Set(ignored) })
  onTestFinished(() => follower.stop())
  return follower
}

test('rows of ignored kinds are not read, and their revisions are read only once', async () => {
  const others = ['user', 'connector', 'route_table']
  const asked: number[] = []
  const follower = new PlatformFollower({
    ignoredKinds: new Set(others),
    resources: {
      read: (since) => {
        asked.push(since)
        return readResources(database, since, others)
      },
    },
    snapshot: { read: async () => undefined, write: async () => undefined },
    onTrouble: (what, error) => expect.unreachable(`${what}: ${error.message}`),
  })
  onTestFinished(() => follower.stop())
  await writeResources(database, [account('needed')])
  await follower.start()
  const { accounts } = follower.platform
  const seen = vi.fn<() => void>()
  follower.follow(seen)
  const revision = await writeResources(database, [{ kind: 'user', id: 'alice', spec: olderUser }])
  await expect.poll(() => asked.at(-1)).toBe(revision)
  expect(follower.platform.users.size).toBe(0)
  expect(follower.platform.accounts).toBe(accounts)
  expect(seen).toHaveBeenCalledTimes(1)
})

test('rows of ignored kinds in a snapshot of another version are skipped', async () => {
  const rows = [rowOf('user', 'alice', olderUser), rowOf('account', 'demo', { id: 'demo' })]
  const ports = memoryPorts([], JSON.stringify({ revision: 1, rows }))
  ports.fail(new Error('unavailable'))
  const follower = following(ports, ['user'])
  await follower.start()
  expect(follower.platform.users.size).toBe(0)
  expect(follower.platform.accounts.has('demo')).toBe(true)
})

test('listeners receive the ids of the changed resources', async () => {
  const ports = memoryPorts([
    rowOf('account', 'a', { id: 'a' }),
    rowOf('account', 'b', { id: 'b' }),
  ])
  const follower = await startedOn(ports)
  const heard: (string[] | undefined)[] = []
  follower.follow((_platform, changed) =>
    heard.push(changed && [...(changed.get('account') ?? [])]),
  )
  ports.rows.push(rowOf('account', 'b', { id: 'b', enabled: false }, 2))
  await expect.poll(() => heard).toEqual([undefined, ['b']])
})

test('reading many rows yields to the event loop, and the rows appear all together', async () => {
  const many = Array.from({ length: 2_000 }, (_, at) =>
    rowOf('account', `a${at}`, { id: `a${at}` }),
  )
  const follower = new PlatformFollower(memoryPorts(many))
  onTestFinished(() => follower.stop())
  const sizes = new Set<number>()
  let turns = 0
  let isStarted = false
  const turn = (): void => {
    turns++
    sizes.add(follower.platform.accounts.size)
    if (!isStarted) setImmediate(turn)
  }
  setImmediate(turn)
  await follower.start()
  isStarted = true
  expect(turns).toBeGreaterThanOrEqual(7)
  expect(follower.platform.accounts.size).toBe(2_000)
  expect([...sizes].filter((size) => size !== 0 && size !== 2_000)).toEqual([])
})
