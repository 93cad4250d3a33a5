import type { Command } from 'commander'
import { z } from 'zod'
import { findAdmin, withAdminOptions } from '../client/adminClient.ts'
import type { AdminOptions } from '../client/adminClient.ts'
import { EXIT_CODES } from '../client/cliError.ts'
import { printJson, runCommand } from '../client/runCommand.ts'
import { searchText, pageSchema } from '../client/searchText.ts'
import { givenTime } from '../client/givenTime.ts'

interface SearchOptions extends AdminOptions {
  readonly account?: string
  readonly state?: string
  readonly from?: string
  readonly to?: string
  readonly limit?: string
  readonly cursor?: string
  readonly json?: boolean
}

const HELP = `
Finds messages whose source or destination is this number, newest first. All digits must match. In
the number that you type, a +, a leading 00, spaces, hyphens, dots and brackets are ignored. You can
also give the exact name of a sender. Without a number, all messages are listed.

A time is an age such as 30m, 2h or 7d, or a date such as 2026-12-01T08:00:00Z. Without --from, the
last 24 hours are searched. One search covers at most 31 days.

Exit codes: 0 the search ran, even if it found nothing; 2 an option is invalid, or the admin API
does not respond`

export function registerSearch(program: Command): void {
  withAdminOptions(program.command('search'))
    .description('find messages by number, account and time')
    .argument('[number]', "the sender's number or name, or the recipient's number")
    .option('--account <id>', 'only messages of this account')
    .option('--state <name>', 'only messages in this state, such as UNDELIVERABLE')
    .option('--from <time>', 'only messages accepted at or after this time (default: 24h)')
    .option('--to <time>', 'only messages accepted before this time (default: now)')
    .option('--limit <n>', 'number of messages to show, up to 500 (default: 50)')
    .option('--cursor <id>', 'continue where an earlier search stopped')
    .option('--json', 'print the response of the admin API')
    .addHelpText('after', HELP)
    .action((number: string | undefined, options: SearchOptions) =>
      runCommand(options, () => search(number, options)),
    )
}

async function search(number: string | undefined, options: SearchOptions): Promise<number> {
  const nowMs = Date.now()
  const { account, state, limit, cursor, json } = options
  const from = options.from && givenTime('--from', options.from, nowMs)
  const to = options.to && givenTime('--to', options.to, nowMs)
  const given = { number, account, state: state?.toUpperCase(), from, to, limit, cursor }
  const query = new URLSearchParams(z.record(z.string(), z.string()).parse(withoutMissing(given)))
  const admin = await findAdmin(options)
  const { body } = await admin.get(`/messages?${query.toString()}`)
  if (json) printJson(body)
  else process.stdout.write(searchText(pageSchema.parse(body)))
  return EXIT_CODES.ok
}

function withoutMissing(given: Readonly<Record<string, string | undefined>>): object {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}
