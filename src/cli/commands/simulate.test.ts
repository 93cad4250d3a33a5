import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { runLoad } from '../../lab/loadGenerator.ts'
import { readWitness } from '../../lab/readWitness.ts'

/** Long enough for a process to start on a busy machine. */
const PATIENCE = { timeout: 10_000 }

const program = fileURLToPath(new URL('./simulate.fixture.ts', import.meta.url))

interface Simulator {
  readonly child: ChildProcess
  readonly port: number
}

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

function start(args: readonly string[]): ChildProcess {
  const child = fork(program, ['simulate', 'smsc', ...args], { silent: true })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

async function started(...args: string[]): Promise<Simulator> {
  const child = start(['--password', 'secret', ...args])
  const [ready] = await once(child, 'message')
  expect(ready).toMatchObject({ kind: 'ready' })
  return { child, port: ready.ports.smpp }
}

async function ended(child: ChildProcess): Promise<Ended> {
  const { stdout, stderr } = child
  if (!stdout || !stderr) throw new Error('the simulator was started without pipes')
  const [[code], out, err] = await Promise.all([once(child, 'exit'), text(stdout), text(stderr)])
  return { code, stdout: out, stderr: err }
}

function temporaryFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-simulate-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'smsc.ndjson')
}

function loadOn(port: number) {
  const account = { systemId: 'signalbox', password: 'secret', registeredDelivery: 1 }
  return { host: '127.0.0.1', port, sessions: 1, windowSize: 20, ...account }
}

test('after kill -9, a restarted simulator sends each outstanding receipt once', async () => {
  const file = temporaryFile()
  const first = await started('--port', '0', '--file', file, '--receipt-delay-ms', '3600000')
  const before = await runLoad({ ...loadOn(first.port), count: 200 })
  expect(before.answered.size).toBe(200)
  first.child.kill('SIGKILL')
  await once(first.child, 'exit')

  const second = await started('--port', '0', '--file', file, '--receipt-delay-ms', '0')
  const after = await runLoad({ ...loadOn(second.port), count: 200, receiptsWithinMs: 10_000 })
  expect(after.complete).toBe(true)
  await expect.poll(() => readWitness(file).receipted.size, PATIENCE).toBe(400)
  expect(readWitness(file).accepted.size).toBe(400)
})

test('after kill -9 under load, the file holds every message that was acknowledged', async () => {
  const file = temporaryFile()
  const { child, port } = await started('--port', '0', '--file', file)
  const load = runLoad({ ...loadOn(port), durationMs: 60_000, receiptsWithinMs: 0 })
  await expect.poll(() => readWitness(file).accepted.size, PATIENCE).toBeGreaterThan(500)
  child.kill('SIGKILL')
  const { answered, unknown } = await load
  const { accepted } = readWitness(file)
  expect(unknown.length).toBeGreaterThan(0)
  expect([...answered.keys()].filter((id) => !accepted.has(id))).toEqual([])
  expect(readWitness(file).binds).toMatchObject([{ end: undefined }])
  await started('--port', '0', '--file', file)
  expect(readWitness(file).binds).toMatchObject([{ end: { reason: 'the simulator was killed' } }])
})

test('with --json the simulator prints a line when ready, and statistics at its end', async () => {
  const { child, port } = await started('--port', '0', '--file', temporaryFile(), '--json')
  const end = ended(child)
  await runLoad({ ...loadOn(port), count: 10, receiptsWithinMs: 10_000 })
  child.kill('SIGTERM')
  const { code, stdout } = await end
  const [ready, stopped] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(ready).toMatchObject({ kind: 'ready', port, systemId: 'signalbox' })
  expect(stopped).toMatchObject({ kind: 'stopped', stats: { accepted: 10, bindsMax: 1 } })
  expect(code).toBe(0)
})

test('the simulator stops when its parent process disconnects', async () => {
  const { child } = await started('--port', '0', '--file', temporaryFile())
  const end = ended(child)
  child.disconnect()
  expect(await end).toMatchObject({ code: 0 })
})

test('a port in use gives exit code 3 and advice', async () => {
  const file = temporaryFile()
  const { port } = await started('--port', '0', '--file', file)
  const second = start(['--password', 'x', '--port', String(port), '--file', file])
  const { code, stderr } = await ended(second)
  expect(stderr).toMatch(`port ${port} on 127.0.0.1 is in use. Stop the process that uses it`)
  expect(code).toBe(3)
})

test.each([
  [['--latency-ms', '80-20'], '--latency-ms is "80-20". Expected milliseconds'],
  [['--error-rate', '5%'], '--error-rate is "5%". Expected a share between 0 and 1'],
  [['--error-rate', '0.6', '--drop-rate', '0.6'], 'add up to more than 1'],
  [['--port', '70000'], '--port is "70000". Expected a whole number from 0 to 65535'],
  [['--interface-version', '3.5'], '--interface-version is "3.5". Expected one of 3.3, 3.4, 5.0'],
  [['--port', '0'], '--port 0 picks a different port each time, so it needs --file'],
  [['--port', '0', '--file', `${program}/below`], 'Choose another file with --file'],
])('the options %j give exit code 2 and advice', async (args, message) => {
  const { code, stderr } = await ended(start(['--password', 'x', ...args]))
  expect(stderr).toContain(message)
  expect(code).toBe(2)
})
