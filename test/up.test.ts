// Runs `signalbox up` as a person does: the first start, the end, and failures.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { identify } from '../src/cli/up/processIdentity.ts'
import { failureOf, folder, running, sendOverHttp, stackOf, stateOf } from './upStack.ts'

const COMPONENTS = ['gateway', 'router', 'workers', 'dlr', 'admin', 'exporters'] as const

test('a first start is usable immediately, blocks a second one, and stops at SIGTERM', async () => {
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

test('--no-demo omits the demo account, the connector and the simulator', async () => {
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

test('Ctrl-C during the start stops every process that was started', async () => {
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

test('the error for a port in use names the port, the component and the variable', async () => {
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

test('the error for an unknown variable suggests the most similar one', async () => {
  const { exitCode, stderr } = await failureOf({ env: { SIGNALBOX_SMPP_PROT: '2776' } })
  expect(exitCode).toBe(2)
  expect(stderr).toContain('SIGNALBOX_SMPP_PROT')
  expect(stderr).toContain('Did you mean SIGNALBOX_SMPP_PORT?')
})

test('the error for an unusable home folder names the folder and the variable', async () => {
  const parent = await folder()
  // Root may write to any folder, but nobody can create a folder below a file.
  const closed = join(parent, 'closed')
  if (process.getuid?.() === 0) writeFileSync(closed, '')
  else mkdirSync(closed, { mode: 0o500 })
  const { exitCode, stderr } = await failureOf({ home: join(closed, 'home') })
  expect(exitCode).toBe(2)
  expect(stderr).toContain(`cannot use the folder ${join(closed, 'home')}`)
  expect(stderr).toContain('SIGNALBOX_HOME')
})

test('a data folder of another PostgreSQL version is refused', async () => {
  const home = await folder()
  mkdirSync(join(home, 'data'), { mode: 0o700 })
  writeFileSync(join(home, 'data', 'PG_VERSION'), '14\n')
  const { exitCode, stderr } = await failureOf({ home })
  expect(exitCode).toBe(2)
  expect(stderr).toContain('was created by PostgreSQL 14')
})
