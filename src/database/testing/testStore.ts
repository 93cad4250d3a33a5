// Opens fresh, migrated databases for test files. Each database is a clone of a template. The
// tests' global set-up creates the template in an embedded PostgreSQL server.

import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inject } from 'vitest'
import { openDatabaseLink, type DatabaseLink } from '../../components/databaseLink.ts'
import { onServer, TEMPLATE_DATABASE, withDatabase } from './onServer.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The maintenance database of the server that holds the test databases. */
    postgresUrl: string
  }
}

export interface TestStore {
  databaseUrl: string
  /** Opens another link to the database, as another process would. */
  link(): DatabaseLink
  /** Closes all links and drops the database. */
  drop(): Promise<void>
}

const nothing = (): void => undefined
/** Ignores reported errors, because relevant errors make a test's assertions fail. */
const SILENT = {
  report: nothing,
  watch: () => ({ failed: nothing, recovered: nothing, forget: nothing }),
}

export async function openTestStore(): Promise<TestStore> {
  const adminUrl = inject('postgresUrl')
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await onServer(adminUrl, `create database ${name} template ${TEMPLATE_DATABASE}`)
  const databaseUrl = withDatabase(adminUrl, name)
  const links: DatabaseLink[] = []
  return {
    databaseUrl,
    link: () => {
      const link = openDatabaseLink({
        databaseUrl,
        databasePoolSize: 4,
        home: join(tmpdir(), name),
        component: 'test',
        follows: ['account', 'user', 'connector', 'route_table'],
        instance: `test-${links.length}`,
        trouble: SILENT,
      })
      links.push(link)
      return link
    },
    drop: async () => {
      await Promise.all(links.map((link) => link.close()))
      await onServer(adminUrl, `drop database ${name} with (force)`)
    },
  }
}
