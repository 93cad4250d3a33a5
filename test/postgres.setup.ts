import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { EmbeddedPostgres } from '../src/cli/up/embeddedPostgres.ts'
import { migrate } from '../src/database/migrate.ts'
import { onServer, TEMPLATE_DATABASE, withDatabase } from '../src/database/testing/onServer.ts'

interface Server {
  readonly url: string
  stop(): Promise<void>
}

let server: Promise<Server> | undefined

/** Starts one server for all test files. Each file clones its own database from the template. */
export async function setup(project: TestProject): Promise<void> {
  // Vitest runs this once per project; the projects share the server.
  server ??= start()
  project.provide('postgresUrl', (await server).url)
}

async function start(): Promise<Server> {
  const home = await mkdtemp(join(tmpdir(), 'signalbox-test-'))
  const postgres = new EmbeddedPostgres({
    home,
    password: randomBytes(12).toString('hex'),
    port: 0,
    logFile: join(home, 'postgres.log'),
    onStarted: () => undefined,
    onTrouble: (what) => process.stderr.write(`test PostgreSQL: ${what}\n`),
  })
  await postgres.start()
  const url = postgres.databaseUrl
  await onServer(url, `create database ${TEMPLATE_DATABASE}`)
  await migrate(withDatabase(url, TEMPLATE_DATABASE))
  return {
    url,
    stop: async () => {
      await postgres.stop()
      await rm(home, { recursive: true, force: true })
    },
  }
}

export async function teardown(): Promise<void> {
  const started = await server
  server = undefined
  await started?.stop()
}
