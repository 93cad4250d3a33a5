import { CliError } from '../client/cliError.ts'

/** Updates the schema to the latest version. `isGiven` is true if the user set DATABASE_URL. */
export async function migrateStore(
  databaseUrl: string,
  isGiven: boolean,
): Promise<{ applied: string[] }> {
  const { migrate } = await import('../../database/main.ts')
  return migrate(databaseUrl).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause)
    const { host, pathname } = new URL(databaseUrl)
    const advice = isGiven
      ? `Check DATABASE_URL (now ${host}${pathname}), and that its user may create tables`
      : 'See the PostgreSQL log in the folder log of SIGNALBOX_HOME'
    throw new CliError(`cannot update the database schema: ${why}. ${advice}`, {
      code: 'MIGRATE',
      cause,
    })
  })
}
