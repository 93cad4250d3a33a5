// A resource that a test file leaves open fails the run, and the report names the line that opened
// it.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { root, runStep } from '../scripts/runStep.ts'
import { OpenResources } from './openResources.ts'

const HERE = /openResources\.test\.ts(\?vitest=\d+)?:\d+/

/** The names of the resources that `open` leaves open, in alphabetical order. */
async function openAfter(open: () => unknown): Promise<string[]> {
  const resources = new OpenResources()
  resources.watch()
  await open()
  const left = await resources.stop()
  for (const { stack } of left) expect(stack).toMatch(HERE)
  return left.map(({ message }) => message.replace(/ is still open .*/, '')).toSorted()
}

async function listening(): Promise<Server> {
  const server = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return server
}

test('a timer and an interval count as open until they are cleared', async () => {
  const timers: NodeJS.Timeout[] = []
  const start = () => {
    timers.push(
      setTimeout(() => undefined, 60_000),
      setInterval(() => undefined, 60_000),
    )
  }
  const clear = () => timers.forEach((timer) => clearTimeout(timer))
  expect(await openAfter(start)).toEqual(['Timeout', 'Timeout'])
  clear()
  expect(await openAfter(() => (start(), clear()))).toEqual([])
})

test('a short timer counts as open although it ends soon', async () => {
  expect(await openAfter(() => void setTimeout(() => undefined, 50))).toEqual(['Timeout'])
})

test('a timer that does not keep the process alive does not count as open', async () => {
  expect(await openAfter(() => setTimeout(() => undefined, 60_000).unref())).toEqual([])
})

test('a timer that Node starts in the callback of our timer counts as open', async () => {
  const start = async () => {
    // No line of our code starts the inner timer.
    setTimeout(setTimeout, 1, () => undefined, 100)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  expect(await openAfter(start)).toEqual(['Timeout'])
})

test('a server counts as open until it is closed', async () => {
  expect(await openAfter(listening)).toEqual(['TCPSERVERWRAP'])
  expect(await openAfter(async () => void (await listening()).close())).toEqual([])
})

test('a child process counts as open until it has ended, within a grace period', async () => {
  const children: ReturnType<typeof spawn>[] = []
  const start = () => {
    const child = spawn('sleep', ['60'], { stdio: 'ignore' })
    children.push(child)
    return child
  }
  onTestFinished(() => children.forEach((child) => child.kill('SIGKILL')))
  expect(await openAfter(start)).toEqual(['PROCESSWRAP'])
  expect(await openAfter(() => void start().kill('SIGKILL'))).toEqual([])
})

test('a test file that leaves a timer fails the run, even if its tests pass', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-leaks-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  const config = `
    import config from ${JSON.stringify(join(root, 'vitest.config.ts'))}
    const { projects, globalSetup, ...test } = config.test
    const include = [${JSON.stringify(join(folder, '*.test.ts'))}]
    export default { root: ${JSON.stringify(root)}, test: { ...test, include, dir: '/' } }`
  await writeFile(join(folder, 'vitest.config.mts'), config)
  const leaking = `
    import { test } from 'vitest'
    test('passes', () => void setTimeout(() => {}, 60_000))`
  await writeFile(join(folder, 'leaking.test.ts'), leaking)
  const command = ['vitest', 'run', '--config', join(folder, 'vitest.config.mts')] as const
  const { passed, output } = await runStep(command, { env: { NO_COLOR: '1' } })
  expect(output).toContain('Timeout is still open')
  expect(output).toMatch(/leaking\.test\.ts:3:\d+/)
  expect(output.trim().split('\n').at(-1)).toBe('1 passed, 1 failed')
  expect(passed).toBe(false)
})
