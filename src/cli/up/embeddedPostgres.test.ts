import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import pg from 'pg'
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { EmbeddedPostgres } from './embeddedPostgres.ts'
import { identify } from './processIdentity.ts'

async function newHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'signalbox-postgres-'))
  onTestFinished(() => rm(home, { recursive: true, force: true }))
  return home
}

/** One that is stopped at the end of the test; `pids` are those it has had. */
async function started(home: string): Promise<{ server: EmbeddedPostgres; pids: number[] }> {
  const pids: number[] = []
  const server = new EmbeddedPostgres({
    home,
    password: 'correct-horse',
    port: 0,
    logFile: join(home, 'postgres.log'),
    onStarted: (pid) => pids.push(pid),
    onTrouble: () => undefined,
  })
  onTestFinished(() => server.stop())
  await server.start()
  return { server, pids }
}

async function query(server: EmbeddedPostgres, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: server.databaseUrl })
  await client.connect()
  try {
    return (await client.query({ text, rowMode: 'array' })).rows.flat()
  } finally {
    await client.end()
  }
}

test('keeps what it acknowledged when it is killed, and comes back on the same port', async () => {
  const { server, pids } = await started(await newHome())
  const { databaseUrl } = server
  await query(server, 'create table kept as select 7 as n')
  process.kill(pids[0] ?? 0, 'SIGKILL')
  await vi.waitUntil(() => pids.length === 2, 15_000)
  expect(server.databaseUrl).toBe(databaseUrl)
  expect(await query(server, 'select n from kept')).toEqual([7])
  expect(await query(server, "select current_setting('fsync')")).toEqual(['on'])
  await server.stop()
  expect(identify(pids[1] ?? 0)).toBeUndefined()
})
