// Runs `signalbox apply`, `diff` and `export` as processes against an admin API whose platform is
// kept in memory.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import {
  call,
  memoryStore,
  startServer,
  TOKEN,
} from '../src/components/admin/adminServer.fixture.ts'

const MAIN = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))

const PLATFORM = `accounts: [{ id: bank }, { id: shop }]
users:
  - { id: alice, account: bank, password: secret }
  - { id: bob, account: shop, password: secret }
connectors:
  - { id: smsc, host: h, port: 2776, systemId: us, password: pw }
routeTable:
  routes: [{ prefix: '43', connector: smsc }, { prefix: '44', connector: smsc }]
`

interface Ended {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

async function platform() {
  const store = memoryStore()
  const server = startServer(store)
  const url = await server.listen({ port: 0, host: '127.0.0.1' })
  const home = await mkdtemp(join(tmpdir(), 'signalbox-apply-'))
  onTestFinished(() => rm(home, { recursive: true, force: true }))
  const file = join(home, 'platform.yaml')
  writeFileSync(file, PLATFORM)
  const run = async (command: string, ...args: string[]): Promise<Ended> => {
    const child = spawn(
      process.execPath,
      [MAIN, command, '--url', url, '--token', TOKEN, '-f', file, ...args],
      { env: { ...process.env, SIGNALBOX_HOME: home }, stdio: ['ignore', 'pipe', 'pipe'] },
    )
    const ended = once(child, 'close')
    const [stdout, stderr] = await Promise.all([textOf(child.stdout), textOf(child.stderr)])
    await ended
    return { exitCode: child.exitCode, stdout, stderr }
  }
  const put = (path: string, body: object) => call(server, 'PUT', path, body)
  const users = async () => (await call(server, 'GET', '/users')).answer
  const replace = (from: string, to: string) =>
    writeFileSync(file, readFileSync(file, 'utf8').replace(from, to))
  return { file, put, replace, run, store, users }
}

test('apply refuses a file exported before another change, unless it is forced', async () => {
  const { file, put, replace, run, users } = await platform()
  expect(await run('apply')).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/Applied as revision 1: 5 created, 1 updated\.\n$/),
  })
  await run('export')
  expect(readFileSync(file, 'utf8')).toContain('\nrevision: 1\n')
  await put('/users/eve', { account: 'bank', password: 'pw' })
  replace('id: bank', 'id: bank\n    name: Bank')

  const refused = await run('apply', '--yes')
  expect(refused).toMatchObject({ exitCode: 3, stdout: '' })
  expect(refused.stderr).toContain('was made from revision 1')
  expect(refused.stderr).toContain('it is now at revision 2')
  expect(refused.stderr).toContain('signalbox diff')
  expect(refused.stderr).toContain('--force')
  expect(await users()).toHaveLength(3)

  const diff = await run('diff')
  expect(diff.exitCode).toBe(1)
  expect(diff.stdout).toContain('- user eve')
  expect(diff.stdout).toContain('`apply` refuses it without --force')

  const forced = await run('apply', '--yes', '--force')
  expect(forced.exitCode).toBe(0)
  expect(forced.stdout).toContain('Applied as revision 3: 1 updated, 1 deleted.')
  expect(forced.stdout).toContain('set "revision: 3" in it or export the platform again')
  expect(await users()).toHaveLength(2)
})

test('apply accepts a file that changes nothing, whatever its revision', async () => {
  const { run, replace } = await platform()
  await run('apply')
  await run('export')
  replace('revision: 1', 'revision: 17')
  const { exitCode, stdout } = await run('apply')
  expect(exitCode).toBe(0)
  expect(stdout).toContain('Nothing to do')
  expect(stdout).toContain('"revision: 1"')
})

test('a file with a revision is refused if the platform changes before the write', async () => {
  const { replace, run, store, users } = await platform()
  await run('apply')
  await run('export')
  replace('id: bank', 'id: bank\n    name: Bank')
  store.beforeWrite = () => {
    store.beforeWrite = () => undefined
    store.revision++
  }
  expect(await run('apply')).toMatchObject({
    exitCode: 3,
    stderr: expect.stringContaining('it is now at revision 2'),
  })
  expect(await users()).toHaveLength(2)
})

test('a file without a revision is planned again if the platform has changed', async () => {
  const { run, store } = await platform()
  store.beforeWrite = () => {
    store.beforeWrite = () => undefined
    store.revision++
  }
  expect(await run('apply')).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('Applied as revision 2'),
  })
})

test('apply lists deletions, counts them by kind, and requires --yes', async () => {
  const { file, run, users } = await platform()
  await run('apply')
  writeFileSync(file, 'accounts: []\n')
  const counts = '2 accounts, 2 users, 1 connector, 2 routes'
  const refused = await run('apply')
  expect(refused.exitCode).toBe(3)
  expect(refused.stdout).toContain('- user alice\n- user bob\n- connector smsc\n')
  expect(refused.stderr).toContain(`nothing was changed: this deletes ${counts}`)
  expect(refused.stderr).toContain('--yes')
  const json = await run('apply', '--json')
  expect(json.exitCode).toBe(3)
  expect(JSON.parse(json.stdout)).toMatchObject({ error: { code: 'DELETIONS' } })
  expect(await users()).toHaveLength(2)

  const dry = await run('apply', '--dry-run')
  expect(dry).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(counts) })
  const done = await run('apply', '--yes', '--json')
  expect(done.exitCode).toBe(0)
  expect(JSON.parse(done.stdout)).toMatchObject({ revision: 2, deletions: counts.split(', ') })
  expect(await users()).toEqual([])
})

test('apply requires --yes for a purge, because a purge discards messages', async () => {
  const { replace, run } = await platform()
  await run('apply')
  replace('password: pw }', 'password: pw, enabled: false, waiting: purge }')
  const refused = await run('apply')
  expect(refused.exitCode).toBe(3)
  expect(refused.stderr).toContain('this discards the messages that wait for smsc')
  expect(refused.stderr).toContain('--yes')
  const dry = await run('apply', '--dry-run')
  expect(dry.stdout).toContain('Connectors to be purged: smsc.')
  const done = await run('apply', '--yes', '--json')
  expect(JSON.parse(done.stdout)).toMatchObject({ revision: 2, deletions: [], purges: ['smsc'] })
})

test('apply reports the line and column of an invalid revision', async () => {
  const { file, run } = await platform()
  writeFileSync(file, `${PLATFORM}revision: latest\n`)
  const { exitCode, stderr } = await run('apply')
  expect(exitCode).toBe(2)
  expect(stderr).toContain('platform.yaml:9:1: revision: expected a whole number such as 12')
})
