// `signalbox up` as a person meets it: the first start, the next one, the end, and what goes wrong.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { identify } from '../src/cli/up/processIdentity.ts'
import { openTestStore } from '../src/database/testing/testStore.ts'
import { StackFailed, startStack } from './stack.ts'
import type { Stack, StackOptions } from './stack.ts'

const COMPONENTS = ['gateway', 'router', 'workers', 'dlr', 'admin', 'exporters'] as const

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'signalbox-up-'))
  onTestFinished(() => rm(made, { recursive: true, force: true }))
  return made
}

async function stackOf(options: StackOptions): Promise<Stack> {
  const stack = await startStack(options)
  onTestFinished(async () => void (await stack.stop()))
  return stack
}

async function failureOf(options: StackOptions): Promise<StackFailed> {
  const outcome = await startStack(options).catch((error: unknown) => error)
  if (outcome instanceof StackFailed) return outcome
  throw new Error('it should not have started', { cause: outcome })
}

function running(pids: Readonly<Record<string, number>>): string[] {
  return Object.entries(pids)
    .filter(([, pid]) => identify(pid) !== undefined)
    .map(([name]) => name)
}

function idIn(home: string): string {
  const text = readFileSync(join(home, 'installation.json'), 'utf8')
  // `up` writes it before anything uses it.
  return (JSON.parse(text) as { id: string }).id
}

async function sendOverHttp({ ready }: Stack, text: string): Promise<string> {
  const response = await fetch(`${ready.api.url}/v1/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ready.api.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ to: '31612345678', from: 'Signalbox', text }),
  })
  expect(response.status).toBe(202)
  // 202 always names the message.
  const { id } = (await response.json()) as { id: string }
  return id
}

async function stateOf({ ready }: Stack, id: string): Promise<string> {
  const headers = { authorization: `Bearer ${ready.api.key}` }
  const response = await fetch(`${ready.api.url}/v1/messages/${id}`, { headers })
  // As GET /v1/messages/{id} answers.
  const { state } = (await response.json()) as { state: string }
  return state
}

test('the first start is usable at once, refuses a second, and ends whole at SIGTERM', async () => {
  const stack = await stackOf({})
  const { ready, home } = stack
  expect(ready).toMatchObject({
    smpp: { host: '127.0.0.1', systemId: 'demo', password: expect.stringMatching(/^\w{8}$/) },
    api: { url: expect.stringMatching(/^http:/), key: expect.stringMatching(/^\w{32}$/) },
    admin: { url: expect.stringMatching(/^http:/), token: expect.any(String) },
    smsc: { host: '127.0.0.1', port: expect.any(Number) },
  })
  expect(Object.keys(ready.ports)).toEqual(COMPONENTS)
  expect(running(ready.pids).toSorted()).toEqual(
    ['up', 'postgres', 'smsc', ...COMPONENTS].toSorted(),
  )
  const answers = COMPONENTS.flatMap((name) =>
    ['/healthz', '/ready', '/metrics'].map(async (path) => {
      const response = await fetch(`http://127.0.0.1:${ready.ports[name]}${path}`)
      expect(`${name}${path} ${response.status}`).toBe(`${name}${path} 200`)
      await response.body?.cancel()
    }),
  )
  await Promise.all(answers)
  expect(statSync(join(home, 'installation.json')).mode & 0o777).toBe(0o600)
  expect(statSync(join(home, 'demo-platform.yaml')).mode & 0o777).toBe(0o600)
  const id = await sendOverHttp(stack, 'first')
  await vi.waitUntil(async () => (await stateOf(stack, id)) === 'DELIVERED', 15_000)

  const second = await failureOf({ home })
  expect(second.exitCode).toBe(2)
  expect(second.stderr).toContain(`\`kill ${stack.pid}\``)
  expect(JSON.parse(second.stdout)).toMatchObject({ error: { code: 'ALREADY_RUNNING' } })

  expect(await stack.stop()).toBe(0)
  expect(running(ready.pids)).toEqual([])
})

test('kill -9 of up, then of everything: each next start goes on where it was', async () => {
  const home = await folder()
  const first = await stackOf({ home })
  const id = await sendOverHttp(first, 'before')
  process.kill(first.pid, 'SIGKILL')
  await first.ended

  const second = await stackOf({ home })
  const { up: _, postgres, ...left } = first.ready.pids
  expect(running(left)).toEqual([])
  expect(second.pidOf('postgres')).toBe(postgres)
  await vi.waitUntil(async () => (await stateOf(second, id)) === 'DELIVERED', 15_000)
  for (const pid of Object.values(second.ready.pids)) process.kill(pid, 'SIGKILL')
  await second.ended

  const third = await stackOf({ home })
  expect(third.ready.smpp).toEqual(first.ready.smpp)
  expect(await stateOf(third, id)).toBe('DELIVERED')
  await sendOverHttp(third, 'after')
})

test('a process that is killed comes back on the same port, and so does PostgreSQL', async () => {
  const stack = await stackOf({ processes: { router: 2, workers: 2, dlr: 2 } })
  for (const name of ['gateway', 'router-2', 'workers', 'dlr-2', 'smsc', 'postgres']) {
    const before = stack.pidOf(name)
    stack.kill(name)
    await vi.waitUntil(() => stack.pidOf(name) !== before, 15_000)
    expect(stack.stderr()).toContain(name)
  }
  for (const name of ['gateway', 'router-2', 'workers', 'workers-2', 'dlr', 'dlr-2'])
    await vi.waitFor(async () => {
      const response = await fetch(`http://127.0.0.1:${stack.ready.ports[name]}/ready`)
      expect(response.status).toBe(200)
    }, 15_000)
  const id = await sendOverHttp(stack, 'after all that')
  await vi.waitUntil(async () => (await stateOf(stack, id)) === 'DELIVERED', 30_000)
})

test('two homes share a database under names of their own, a copied home is refused', async () => {
  const store = await openTestStore()
  onTestFinished(() => store.drop())
  const { pool } = store.link().database
  const env = {
    DATABASE_URL: store.databaseUrl,
    SIGNALBOX_CLUSTER_TOKEN: 'the-same-for-both-installations',
  }
  const home = await folder()
  const one = await stackOf({ home, env })
  const other = await stackOf({ env })
  const ids = [home, other.home].map(idIn)
  const names = ids.flatMap((id) => [`local-${id}-router-1`, `local-${id}-workers-1`])
  const instances = async () => {
    const { rows } = await pool.query<{ instance: string }>('select instance from processes')
    return rows.map(({ instance }) => instance).toSorted()
  }
  expect(new Set(ids).size).toBe(2)
  expect(await instances()).toEqual(names.toSorted())
  expect(one.ready.api.key).toBeDefined()
  for (const { ready } of [one, other]) {
    const via = { ...one, ready: { ...one.ready, api: { ...one.ready.api, url: ready.api.url } } }
    const id = await sendOverHttp(via, 'hello')
    await vi.waitUntil(async () => (await stateOf(via, id)) === 'DELIVERED', 15_000)
  }

  const copy = await folder()
  copyFileSync(join(home, 'installation.json'), join(copy, 'installation.json'))
  const refused = await failureOf({ home: copy, env })
  expect(refused.exitCode).toBe(2)
  expect(refused.stderr).toContain('runs on this database from a copy of this home folder')
  const stranger = await failureOf({ env: { DATABASE_URL: store.databaseUrl } })
  expect(stranger.stderr).toContain('SIGNALBOX_CLUSTER_TOKEN')

  await one.stop()
  await stackOf({ home, env })
  expect(await instances()).toEqual(names.toSorted())
})

test('--no-demo leaves out account, connector and simulator', async () => {
  const { ready, home } = await stackOf({ args: ['--no-demo'] })
  expect(Object.keys(ready.smpp)).toEqual(['host', 'port'])
  expect(Object.keys(ready.api)).toEqual(['url'])
  expect(ready).not.toHaveProperty('smsc')
  expect(ready.pids).not.toHaveProperty('smsc')
  expect(existsSync(join(home, 'demo-platform.yaml'))).toBe(false)
  const platform = await fetch(`${ready.admin.url}/admin/v1/platform`, {
    headers: { authorization: `Bearer ${ready.admin.token}` },
  })
  expect(await platform.json()).toMatchObject({ accounts: [], connectors: [], users: [] })
})

test('Ctrl-C during the start ends it, and leaves nothing behind', async () => {
  const home = await folder()
  const main = new URL('../src/cli/main.ts', import.meta.url).pathname
  const up = spawn(process.execPath, [main, 'up'], {
    env: { ...process.env, SIGNALBOX_HOME: home, SIGNALBOX_PORTS: 'auto' },
    stdio: 'ignore',
  })
  const ended = once(up, 'exit')
  const pidFile = join(home, 'up.pid')
  const started = () => existsSync(pidFile) && readFileSync(pidFile, 'utf8').includes('admin ')
  await vi.waitUntil(started, 30_000)
  const pids = [...readFileSync(pidFile, 'utf8').matchAll(/^\S+ (\d+) /gm)].map(([, pid]) => pid)
  up.kill('SIGINT')
  expect(await ended).toEqual([0, null])
  expect(pids.filter((pid) => identify(Number(pid)))).toEqual([])
  expect(existsSync(pidFile)).toBe(false)
})

test('a port in use is named, with who wanted it and which variable changes it', async () => {
  const holder = createServer().listen(0, '127.0.0.1')
  await once(holder, 'listening')
  onTestFinished(() => void holder.close())
  // A TCP listener's address is an object; only pipes have a string.
  const { port } = holder.address() as AddressInfo
  const { exitCode, stderr } = await failureOf({ env: { SIGNALBOX_HTTP_PORT: String(port) } })
  expect(exitCode).toBe(3)
  expect(stderr).toContain(`port ${port} is in use, so gateway cannot listen on it`)
  expect(stderr).toContain('SIGNALBOX_HTTP_PORT')
  expect(stderr).toContain('SIGNALBOX_PORTS=auto')
})

test('an unknown variable is named, with the one that was probably meant', async () => {
  const { exitCode, stderr } = await failureOf({ env: { SIGNALBOX_SMPP_PROT: '2776' } })
  expect(exitCode).toBe(2)
  expect(stderr).toContain('SIGNALBOX_SMPP_PROT')
  expect(stderr).toContain('Did you mean SIGNALBOX_SMPP_PORT?')
})

test('a home folder that cannot be used is named, with what to do about it', async () => {
  const parent = await folder()
  // Root may write everywhere, but not below a file.
  const closed = join(parent, 'closed')
  if (process.getuid?.() === 0) writeFileSync(closed, '')
  else mkdirSync(closed, { mode: 0o500 })
  const { exitCode, stderr } = await failureOf({ home: join(closed, 'home') })
  expect(exitCode).toBe(2)
  expect(stderr).toContain(`cannot use the folder ${join(closed, 'home')}`)
  expect(stderr).toContain('SIGNALBOX_HOME')
})

test('a data folder of another server is refused, not touched', async () => {
  const home = await folder()
  mkdirSync(join(home, 'data'), { mode: 0o700 })
  writeFileSync(join(home, 'data', 'PG_VERSION'), '14\n')
  const { exitCode, stderr } = await failureOf({ home })
  expect(exitCode).toBe(2)
  expect(stderr).toContain('was created by PostgreSQL 14')
})
