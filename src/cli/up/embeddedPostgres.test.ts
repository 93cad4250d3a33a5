import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import pg from 'pg'
import { expect, onTestFinished, test, vi } from 'vitest'
import { EmbeddedPostgres } from './embeddedPostgres.ts'
import { postgresAccount } from './postgresAccount.ts'
import { findPostgres } from './postgresBinaries.ts'
import { identify } from './processIdentity.ts'

async function newHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'signalbox-postgres-'))
  onTestFinished(() => rm(home, { recursive: true, force: true }))
  return home
}

/** Starts a server that is stopped at the end of the test. `pids` lists the pid of each start. */
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

test('a killed server keeps committed rows, and is restarted on the same port', async () => {
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

test('the server rejects a connection with the wrong password', async () => {
  const { server } = await started(await newHome())
  const connectionString = server.databaseUrl.replace('correct-horse', 'guess')
  await expect(new pg.Client({ connectionString }).connect()).rejects.toThrow('authentication')
})

test('a stale pid file with the pid of an unrelated process does not prevent a start', async () => {
  const home = await newHome()
  const { server } = await started(home)
  await server.stop()
  const remains = `${process.pid}\n${join(home, 'data')}\n1\n5432\n\n127.0.0.1\n\nready\n`
  writeFileSync(join(home, 'data', 'postmaster.pid'), remains, { mode: 0o600 })
  expect(await query((await started(home)).server, 'select 1')).toEqual([1])
})

test('a server that root starts without user namespaces runs as another user', async () => {
  // The home is in a folder that only its owner may enter, like the home folder of root.
  const home = await newHome()
  const programs = join(home, 'programs')
  mkdirSync(programs)
  writeFileSync(join(programs, 'unshare'), '#!/bin/sh\nexit 1\n')
  chmodSync(join(programs, 'unshare'), 0o755)
  vi.stubEnv('PATH', `${programs}${delimiter}${process.env['PATH']}`)
  const { server, pids } = await started(home)
  expect(await query(server, 'select 1')).toEqual([1])
  const own = process.getuid?.() ?? 0
  expect(statSync(join(home, 'data')).uid).toBe(own === 0 ? 65_534 : own)
  process.kill(pids[0] ?? 0, 'SIGKILL')
  await vi.waitUntil(() => pids.length === 2, 15_000)
  expect(await query(server, 'select 1')).toEqual([1])
})

test('if the system temporarily refuses to start the server, the start is repeated', async () => {
  const home = await newHome()
  const account = postgresAccount(home, findPostgres(home))
  const refusals = [
    () => spawn('/no/such/program'),
    () => {
      throw new Error('spawn ENOMEM')
    },
    () => spawn('/no/such/program'),
  ]
  const pids: number[] = []
  const troubles: string[] = []
  let isRefused = false
  const server = new EmbeddedPostgres({
    home,
    password: 'correct-horse',
    port: 0,
    logFile: join(home, 'postgres.log'),
    onStarted: (pid) => pids.push(pid),
    onTrouble: (what) => troubles.push(what),
    account: {
      own: (folder) => account.own(folder),
      spawn: (run) => (isRefused && refusals.shift()?.()) || account.spawn(run),
    },
  })
  onTestFinished(() => server.stop())
  await server.start()
  isRefused = true
  process.kill(pids[0] ?? 0, 'SIGKILL')
  await vi.waitUntil(() => pids.length === 2, 15_000)
  expect(troubles[1]).toContain('the system could not start it (spawn /no/such/program ENOENT)')
  expect(await query(server, 'select 1')).toEqual([1])
})
