import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { identify } from './processIdentity.ts'
import type { ProcessIdentity } from './processIdentity.ts'
import { UpLock } from './upLock.ts'

async function newHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'signalbox-lock-'))
  onTestFinished(() => rm(home, { recursive: true, force: true }))
  return home
}

/** A process that runs until it is killed. */
async function somebody(): Promise<{ identity: ProcessIdentity; ended: Promise<unknown[]> }> {
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume(); console.log(1)'])
  const ended = once(child, 'close')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  await once(child.stdout, 'data')
  const identity = identify(child.pid ?? 0)
  if (!identity) throw new Error('the process should be running')
  return { identity, ended }
}

function writeFormer(home: string, processes: Record<string, ProcessIdentity>): void {
  const lines = Object.entries(processes).map(([name, { pid, began }]) => `${name} ${pid} ${began}`)
  writeFileSync(join(home, 'up.pid'), `1\n${lines.join('\n')}\n`)
}

test('a second start in the same home is refused with advice on stopping the first', async () => {
  const home = await newHome()
  const lock = await UpLock.acquire(home)
  await expect(UpLock.acquire(home)).rejects.toThrow(`\`kill ${process.pid}\``)
  lock.release()
  expect(existsSync(join(home, 'up.pid'))).toBe(false)
  ;(await UpLock.acquire(home)).release()
})

test('processes that a killed `up` left running are ended, except its database', async () => {
  const home = await newHome()
  const [component, database] = [await somebody(), await somebody()]
  const up = { pid: component.identity.pid, began: 'long ago' }
  writeFormer(home, { up, gateway: component.identity, postgres: database.identity })
  const lock = await UpLock.acquire(home)
  expect(await component.ended).toEqual([null, 'SIGTERM'])
  expect(identify(database.identity.pid)).toEqual(database.identity)
  lock.record('router', database.identity.pid)
  expect(readFileSync(join(home, 'up.pid'), 'utf8')).toMatch(`router ${database.identity.pid} `)
})

test('an unrelated process with a reused pid is not ended', async () => {
  const home = await newHome()
  const { identity } = await somebody()
  const former = { pid: identity.pid, began: 'long ago' }
  writeFormer(home, { up: former, gateway: former })
  await UpLock.acquire(home)
  expect(identify(identity.pid)).toEqual(identity)
})
