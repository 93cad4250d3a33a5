import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { ReadyMessage } from './component.ts'

const fixture = fileURLToPath(new URL('./component.fixture.ts', import.meta.url))

test('a component reports its ports, serves its health page, and drains on SIGTERM', async () => {
  const component = run('ordinary')
  const { ports } = await component.ready()
  expect(ports).toMatchObject({ door: 4711 })
  const ready = await fetch(`http://127.0.0.1:${ports['health']}/ready`)
  expect(ready.status).toBe(200)
  expect(await ready.json()).toMatchObject({ checks: { store: { detail: 'connected' } } })

  component.child.kill('SIGTERM')
  const { exitCode, stdout } = await component.ended
  expect(exitCode).toBe(0)
  expect(stdout).toContain('received the signal')
  expect(stdout).toContain('"msg":"drained"')
})

test('a component drains if its parent process disconnects', async () => {
  const component = run('ordinary')
  await component.ready()
  component.child.disconnect()
  const { exitCode, stdout } = await component.ended
  expect(exitCode).toBe(0)
  expect(stdout).toContain('"reason":"disconnect"')
})

test('a component exits with code 1 if draining exceeds the time limit', async () => {
  const component = run('stuckDrain', { SIGNALBOX_DRAIN_TIMEOUT_MS: '10' })
  await component.ready()
  component.child.kill('SIGTERM')
  const { exitCode, stdout } = await component.ended
  expect(exitCode).toBe(1)
  expect(stdout).toContain('SIGNALBOX_DRAIN_TIMEOUT_MS')
})

test('a component that receives SIGTERM during its start exits with code 0', async () => {
  const component = run('stuckStart')
  await once(component.child, 'message')
  component.child.kill('SIGTERM')
  expect((await component.ended).exitCode).toBe(0)
})

test('a process with an unknown setting suggests a known name and exits with code 2', async () => {
  const { exitCode, stderr } = await run('ordinary', { SIGNALBOX_SMPP_PROT: '2776' }).ended
  expect(exitCode).toBe(2)
  expect(stderr).toContain('Did you mean SIGNALBOX_SMPP_PORT?')
})

test('a missing required setting ends the process with code 2', async () => {
  const { exitCode, stderr } = await run('ordinary', { SIGNALBOX_CLUSTER_TOKEN: '' }).ended
  expect(exitCode).toBe(2)
  expect(stderr).toContain('SIGNALBOX_CLUSTER_TOKEN is not set, and gateway needs it')
})

test.each([
  ['ordinary', 'SIGNALBOX_HEALTH_PORT'],
  ['takenPort', 'SIGNALBOX_SMPP_PORT'],
])('case %s: a port in use gives exit code 3 and an error naming %s', async (name, variable) => {
  const holder = createServer().listen(0, '127.0.0.1')
  await once(holder, 'listening')
  // The address of a TCP listener is an object. Only the address of a pipe is a string.
  const { port } = holder.address() as AddressInfo
  const { exitCode, stderr } = await run(name, { [variable]: String(port) }).ended
  holder.close()
  expect(exitCode).toBe(3)
  expect(stderr).toContain(`port ${port} is in use`)
  expect(stderr).toContain(variable)
})

test.each([
  ['failsLater', 'the disk is gone'],
  ['forgetsRejection', 'nobody looked'],
])('case %s: the error is logged as fatal, and the exit code is 1', async (name, message) => {
  const { exitCode, stdout } = await run(name).ended
  expect(exitCode).toBe(1)
  expect(stdout).toContain('"level":"fatal"')
  expect(stdout).toContain(message)
})

function run(name: string, env: Record<string, string> = {}) {
  const child = fork(fixture, {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: [],
    env: {
      PATH: process.env['PATH'],
      CASE: name,
      DATABASE_URL: 'postgresql://127.0.0.1/unused',
      SIGNALBOX_CLUSTER_TOKEN: 'a-token-for-this-test',
      SIGNALBOX_HOST: '127.0.0.1',
      SIGNALBOX_HEALTH_PORT: '0',
      ...env,
    },
  })
  return { child, ready: () => readyMessage(child), ended: ended(child) }
}

async function readyMessage(child: ChildProcess): Promise<ReadyMessage> {
  const [message] = await once(child, 'message')
  return message
}

async function ended(child: ChildProcess) {
  // This waits for `exit`, because Node does not emit `close` after a disconnect. `once` yields
  // untyped values, and the first value of an `exit` event is the exit code.
  const code = once(child, 'exit').then((values) => values[0] as number | null)
  const [exitCode, stdout, stderr] = await Promise.all([
    code,
    child.stdout ? text(child.stdout) : '',
    child.stderr ? text(child.stderr) : '',
  ])
  return { exitCode, stdout, stderr }
}
