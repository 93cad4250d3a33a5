import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Kysely, type Migration, Migrator, PostgresDialect, sql } from 'kysely'
import { openDatabase, type TransactionLimits } from './database.ts'

const FOLDER = join(import.meta.dirname, 'migrations')

/** These limits are long, because a migration may rewrite a table while other processes wait. */
const LIMITS: TransactionLimits = {
  idleMs: 60_000,
  lockMs: 600_000,
  statementMs: 600_000,
  answerMs: 660_000,
}

/**
 * Brings the schema up to date by applying each numbered SQL file once, in order. Several processes
 * may call this function at the same time, because it holds a lock. Returns the names of the
 * migrations that this call applied.
 */
export async function migrate(databaseUrl: string): Promise<{ applied: string[] }> {
  const database = openDatabase({
    databaseUrl,
    poolSize: 2,
    applicationName: 'signalbox-migrate',
    limits: LIMITS,
  })
  try {
    const migrator = new Migrator({
      db: new Kysely<unknown>({ dialect: new PostgresDialect({ pool: database.pool }) }),
      provider: { getMigrations: readMigrations },
      migrationTableName: 'schema_migrations',
      migrationLockTableName: 'schema_migrations_lock',
    })
    const applied: string[] = []
    // Each migration runs in its own transaction. A single transaction for all migrations would
    // acquire locks in an order that differs from that of running processes, and could deadlock
    // with these processes.
    for (;;) {
      const { error, results = [] } = await migrator.migrateUp()
      if (error) {
        const failed = results.find((result) => result.status === 'Error')
        const what = failed ? `migration ${failed.migrationName}` : 'reading the schema'
        throw new Error(`${what} failed: ${String(error)}`, { cause: error })
      }
      if (results.length === 0) return { applied }
      applied.push(...results.map((result) => result.migrationName))
    }
  } finally {
    await database.close()
  }
}

async function readMigrations(): Promise<Record<string, Migration>> {
  const files = (await readdir(FOLDER)).filter((file) => file.endsWith('.sql')).toSorted()
  const migrations = await Promise.all(
    files.map(async (file): Promise<[string, Migration]> => {
      const text = await readFile(join(FOLDER, file), 'utf8')
      return [
        file.replace(/\.sql$/, ''),
        { up: async (db) => void (await sql.raw(text).execute(db)) },
      ]
    }),
  )
  return Object.fromEntries(migrations)
}
