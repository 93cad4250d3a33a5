import pg from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { openTestStore } from '../../database/testing/testStore.ts'
import type { TestStore } from '../../database/testing/testStore.ts'
import { DatabaseClaim } from './databaseClaim.ts'

let store: TestStore
beforeAll(async () => {
  store = await openTestStore()
})
afterAll(() => store.drop())

interface Who {
  readonly installation: string
  readonly clusterToken?: string
  readonly advertiseHost?: string
}

async function take(who: Who): Promise<{ claim: DatabaseClaim; troubles: string[] }> {
  const troubles: string[] = []
  const claim = await DatabaseClaim.take({
    databaseUrl: store.databaseUrl,
    home: `/homes/${who.installation}`,
    clusterToken: 'one-token-for-all',
    advertiseHost: '127.0.0.1',
    patienceMs: 300,
    onTrouble: (what) => troubles.push(what),
    ...who,
  })
  onTestFinished(() => claim.close())
  return { claim, troubles }
}

/** The pids of the connections that hold an installation's lock. */
async function holders(): Promise<number[]> {
  const { rows } = await store.link().database.pool.query<{ pid: number }>(
    `select distinct pid from pg_locks where locktype = 'advisory' and objsubid = 2 and database =
        (select oid from pg_database where datname = current_database())`,
  )
  return rows.map(({ pid }) => pid)
}

async function cut(pids: number[]): Promise<void> {
  const client = new pg.Client({ connectionString: store.databaseUrl })
  await client.connect()
  for (const pid of pids) await client.query('select pg_terminate_backend($1)', [pid])
  await client.end()
}

test('a copy of an installation is refused until the original is closed', async () => {
  const { claim } = await take({ installation: 'one' })
  await expect(take({ installation: 'one' })).rejects.toThrow(
    /^another Signalbox \(signalbox up on .* in \/homes\/one.*\) runs .* from a copy of this home/,
  )
  await claim.close()
  await take({ installation: 'one' })
})

test('two installations that can call each other may share a database', async () => {
  await take({ installation: 'one' })
  await take({ installation: 'two' })
  expect(await holders()).toHaveLength(2)
})

test.each([
  [{ clusterToken: 'another-token-than-that' }, '127.0.0.1'],
  [{ advertiseHost: '10.0.0.8' }, '127.0.0.1'],
  [{ clusterToken: 'another-token-than-that', advertiseHost: '10.0.0.8' }, '10.0.0.7'],
])(
  'installations that cannot call each other may not share a database: %j and %s',
  async (stranger, advertiseHost) => {
    await take({ installation: 'one', advertiseHost })
    await expect(take({ installation: 'two', ...stranger })).rejects.toThrow(
      /cannot call each other\. .*SIGNALBOX_CLUSTER_TOKEN.*SIGNALBOX_HOST/,
    )
    expect(await holders()).toHaveLength(1)
  },
)

test('installations on two network addresses may share a database', async () => {
  await take({ installation: 'one', advertiseHost: '10.0.0.7' })
  await take({ installation: 'two', advertiseHost: '10.0.0.8' })
})

test('a claim is restored after its database connection is lost', async () => {
  await take({ installation: 'one' })
  const before = await holders()
  await cut(before)
  await vi.waitUntil(async () => (await holders()).some((pid) => !before.includes(pid)), 10_000)
  await expect(take({ installation: 'one' })).rejects.toThrow('from a copy of this home folder')
})
