import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { ProcessLog } from './processLog.ts'
import { SupervisedProcess } from './supervisedProcess.ts'

const READY = "process.send({ kind: 'ready', ports: {} }); setInterval(() => {}, 1000)"

/** A process whose start fails once for each entry of `refusals`. */
async function supervised(refusals: (() => ChildProcess)[]) {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-supervised-'))
  const log = new ProcessLog({
    file: join(folder, 'x.log'),
    filter: () => undefined,
    show: () => {},
  })
  const troubles: string[] = []
  const one = new SupervisedProcess({
    name: 'gateway',
    log,
    command: () => ({ args: ['gateway'], env: process.env }),
    onPid: () => undefined,
    onTrouble: (what) => troubles.push(what),
    launch: (_args, options) =>
      refusals.shift()?.() ?? spawn(process.execPath, ['-e', READY], options),
  })
  onTestFinished(async () => {
    await one.stop(5_000)
    log.close()
    await rm(folder, { recursive: true, force: true })
  })
  return { one, refusals, troubles }
}

function noSuchProgram(): ChildProcess {
  return spawn('/no/such/program')
}

function noMemory(): ChildProcess {
  throw new Error('spawn ENOMEM')
}

test('a failing restart is repeated until the process runs, and is reported once', async () => {
  const { one, refusals, troubles } = await supervised([])
  await one.start(new AbortController().signal)
  const { pid = 0 } = one
  refusals.push(noSuchProgram, noMemory, noSuchProgram)
  process.kill(pid, 'SIGKILL')
  await vi.waitUntil(() => one.pid !== undefined && one.pid !== pid, 10_000)
  expect(refusals).toEqual([])
  await vi.waitUntil(() => troubles.length === 3)
  expect(troubles).toEqual([
    'exited unexpectedly (SIGKILL); restarting it',
    'cannot be started (spawn /no/such/program ENOENT); retrying until it starts',
    'is running again',
  ])
})

test('a process that cannot be restarted can be stopped immediately', async () => {
  const { one, refusals, troubles } = await supervised([])
  await one.start(new AbortController().signal)
  refusals.push(...Array.from({ length: 1_000 }, () => noMemory))
  process.kill(one.pid ?? 0, 'SIGKILL')
  await vi.waitUntil(() => troubles.length === 2, 10_000)
  await one.stop(5_000)
  expect(one.pid).toBeUndefined()
})

test('if the very first start fails, start() rejects with the reason', async () => {
  for (const refuse of [noSuchProgram, noMemory]) {
    const { one } = await supervised([refuse])
    await expect(one.start(new AbortController().signal)).rejects.toThrow(
      /^gateway cannot start: the system could not start it \(spawn .*(ENOENT|ENOMEM)\)$/,
    )
  }
})
