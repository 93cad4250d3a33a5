import type { Command } from 'commander'
import { loadConfig } from '../../runtime/config.ts'
import { CliError, EXIT_CODES } from '../client/cliError.ts'
import { printJson, runCommand } from '../client/runCommand.ts'
import { migrateStore } from '../up/migrateStore.ts'

export function registerMigrate(program: Command): void {
  program
    .command('migrate')
    .description('update the schema of the database at DATABASE_URL')
    .option('--json', 'print { applied }')
    .action((options: { json?: boolean }) => runCommand(options, () => migrate(options)))
}

async function migrate({ json }: { json?: boolean }): Promise<number> {
  const { databaseUrl } = loadConfig()
  if (!databaseUrl) {
    const what = 'DATABASE_URL is not set. Set it to your database, for example'
    const example = 'DATABASE_URL=postgresql://signalbox:PASSWORD@db.example.net:5432/signalbox'
    throw new CliError(`${what} ${example}`, { code: 'USAGE' })
  }
  const { applied } = await migrateStore(databaseUrl, true)
  if (json) printJson({ applied })
  else {
    const what = applied.length > 0 ? `applied ${applied.join(', ')}` : 'already up to date'
    process.stdout.write(`schema: ${what}\n`)
  }
  return EXIT_CODES.ok
}
