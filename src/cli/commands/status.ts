import { setTimeout as delay } from 'node:timers/promises'
import type { Command } from 'commander'
import { findAdmin, withAdminOptions } from '../client/adminClient.ts'
import type { AdminClient, AdminOptions } from '../client/adminClient.ts'
import { CliError, EXIT_CODES } from '../client/cliError.ts'
import { runCommand } from '../client/runCommand.ts'
import { statusSchema, statusText } from '../client/statusText.ts'

interface StatusOptions extends AdminOptions {
  readonly json?: boolean
  readonly watch?: boolean
}

const WATCH_INTERVAL_MS = 2_000
const CLEAR_SCREEN = '\u001b[2J\u001b[H'

const HELP = `
Shows the running processes, the binds of customers and connectors, the number of waiting messages
with the age of the oldest message, and the last warnings of each process. A process that ended
without deregistering is shown for an hour.

Exit codes: 0 shown, 2 the admin API or the database does not respond`

export function registerStatus(program: Command): void {
  withAdminOptions(program.command('status'))
    .description('show processes, binds and waiting messages on one screen')
    .option('--watch', 'refresh every two seconds until Ctrl-C')
    .option('--json', 'print the response of the admin API; with --watch, one line per refresh')
    .addHelpText('after', HELP)
    .action((options: StatusOptions) => runCommand(options, () => status(options)))
}

async function status(options: StatusOptions): Promise<number> {
  const admin = await findAdmin(options)
  if (!options.watch) {
    process.stdout.write(await screen(admin, options))
    return EXIT_CODES.ok
  }
  for (;;) {
    // The watch must show an outage and continue, because users watch for outages.
    const text = await screen(admin, options).catch((error: unknown) => explained(error, options))
    process.stdout.write(options.json || !process.stdout.isTTY ? text : `${CLEAR_SCREEN}${text}`)
    await delay(WATCH_INTERVAL_MS)
  }
}

async function screen(admin: AdminClient, { json }: StatusOptions): Promise<string> {
  const { body } = await admin.get('/status')
  return json ? `${JSON.stringify(body)}\n` : statusText(statusSchema.parse(body))
}

function explained(error: unknown, { json }: StatusOptions): string {
  if (!(error instanceof CliError)) throw error
  const { code, message } = error
  return json ? `${JSON.stringify({ error: { code, message } })}\n` : `signalbox: ${message}\n`
}
