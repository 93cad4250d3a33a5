// Runs `signalbox up` after processes were killed, and beside a second installation.
import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { openTestStore } from '../src/database/testing/testStore.ts'
import { failureOf, folder, running, sendOverHttp, stackOf, stateOf } from './upStack.ts'

function idIn(home: string): string {
  const text = readFileSync(join(home, 'installation.json'), 'utf8')
  // `up` writes this file before anything uses it.
  return (JSON.parse(text) as { id: string }).id
}

test('after kill -9 of up, or of all processes, the next start resumes the work', async () => {
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

test('killed processes, including PostgreSQL, are restarted on the same ports', async () => {
  const stack = await stackOf({ processes: { router: 2, workers: 2, dlr: 2 } })
  for (const name of ['gateway', 'router-2', 'workers', 'dlr-2', 'smsc', 'postgres']) {
    const before = stack.pidOf(name)
    stack.kill(name)
    await vi.waitUntil(() => stack.pidOf(name) !== before, 15_000)
    await vi.waitFor(() => expect(stack.stderr()).toContain(name), 15_000)
  }
  for (const name of ['gateway', 'router-2', 'workers', 'workers-2', 'dlr', 'dlr-2'])
    await vi.waitFor(async () => {
      const response = await fetch(`http://127.0.0.1:${stack.ready.ports[name]}/ready`)
      expect(response.status).toBe(200)
    }, 15_000)
  const id = await sendOverHttp(stack, 'after all that')
  await vi.waitUntil(async () => (await stateOf(stack, id)) === 'DELIVERED', 30_000)
})

test('two homes share a database under separate names, and a copied home is refused', async () => {
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
  const components = ['gateway', 'router', 'workers', 'dlr', 'admin', 'exporters']
  const names = ids.flatMap((id) => components.map((name) => `local-${id}-${name}-1`))
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
