import type { Command } from 'commander'
import { findAdmin, withAdminOptions } from '../client/adminClient.ts'
import type { AdminOptions } from '../client/adminClient.ts'
import { CliError, EXIT_CODES } from '../client/cliError.ts'
import { ownWords } from '../client/connectorStatus.ts'
import {
  letterPageSchema,
  letterSchema,
  lettersText,
  letterText,
  queuesSchema,
  queuesText,
  redrivenSchema,
  redrivenText,
} from '../client/queueText.ts'
import { printJson, runCommand } from '../client/runCommand.ts'

interface QueueOptions extends AdminOptions {
  readonly json?: boolean
}

interface DeadOptions extends QueueOptions {
  readonly queue?: string
  readonly limit?: string
  readonly cursor?: string
}

interface RedriveOptions extends QueueOptions {
  readonly queue?: string
  readonly max?: string
}

const HELP = `
An envelope or an item that cannot be processed becomes a dead letter, so that it does not delay the
rest of its queue. To inspect dead letters, and to process them again when the cause is removed:
  signalbox queue dead --queue journal
  signalbox queue dead 17
  signalbox queue redrive 17
  signalbox queue redrive --queue journal --max 10

Exit codes: 0 done, 2 error, 3 some dead letters were not redriven`

const REDRIVE_HELP = `
A redriven dead letter returns to its queue. If it still cannot be processed, it becomes a
dead letter again, with a new id. An envelope whose messages may have been submitted is not
redriven, because its messages could be sent twice.

Exit codes: 0 done, 2 error, 3 some dead letters were not redriven`

export function registerQueue(program: Command): void {
  const group = program
    .command('queue')
    .description('show the queues, and inspect and redrive dead letters')
    .addHelpText('after', HELP)
  subcommand(group, 'ls')
    .description('list the queues that have envelopes or dead letters')
    .action((options: QueueOptions) => runCommand(options, () => list(options)))
  subcommand(group, 'dead')
    .description('list dead letters, newest first, or show one of them')
    .argument('[id]', 'the dead letter to show')
    .option('--queue <name>', 'only dead letters of this queue')
    .option('--limit <n>', 'number of dead letters to show, up to 500 (default: 50)')
    .option('--cursor <id>', 'continue where an earlier list stopped')
    .action((id: string | undefined, options: DeadOptions) =>
      runCommand(options, () => (id === undefined ? listDead(options) : showDead(id, options))),
    )
  subcommand(group, 'redrive')
    .description('process dead letters again')
    .argument('[ids...]', 'the dead letters')
    .option('--queue <name>', 'the oldest dead letters of this queue')
    .option('--max <n>', 'with --queue: how many, up to 1000 (default: 100)')
    .addHelpText('after', REDRIVE_HELP)
    .action((ids: string[], options: RedriveOptions) =>
      runCommand(options, () => redrive(ids, options)),
    )
}

function subcommand(group: Command, word: string): Command {
  return withAdminOptions(group.command(word))
    .option('--json', 'print the response of the admin API')
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : EXIT_CODES.error))
}

async function list(options: QueueOptions): Promise<number> {
  const admin = await findAdmin(options)
  const { body } = await admin.get('/queues')
  return show(options, body, () => queuesText(queuesSchema.parse(body)))
}

async function listDead(options: DeadOptions): Promise<number> {
  const { cursor, limit, queue } = options
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries({ cursor, limit, queue }))
    if (value !== undefined) query.set(name, value)
  const admin = await findAdmin(options)
  const { body } = await admin.get(`/dead-letters?${query.toString()}`).catch(ownWords)
  return show(options, body, () => lettersText(letterPageSchema.parse(body)))
}

async function showDead(id: string, options: DeadOptions): Promise<number> {
  const { cursor, limit, queue } = options
  if ([cursor, limit, queue].some((value) => value !== undefined))
    throw usage('give either an id, or --queue, --limit and --cursor for a list')
  const admin = await findAdmin(options)
  const { body } = await admin.get(`/dead-letters/${encodeURIComponent(id)}`).catch(ownWords)
  return show(options, body, () => letterText(letterSchema.parse(body)))
}

async function redrive(ids: readonly string[], options: RedriveOptions): Promise<number> {
  const wanted = selectionOf(ids, options)
  const admin = await findAdmin(options)
  const { body } = await admin.post('/dead-letters/redrive', wanted).catch(ownWords)
  const answer = redrivenSchema.parse(body)
  show(options, body, () => redrivenText(answer))
  if (answer.stopped !== undefined) return EXIT_CODES.error
  return answer.kept.length > 0 ? EXIT_CODES.refused : EXIT_CODES.ok
}

function selectionOf(ids: readonly string[], { max, queue }: RedriveOptions): object {
  if (ids.length > 0 && queue === undefined && max === undefined) return { ids }
  if (ids.length > 0 || queue === undefined)
    throw usage(
      'give the ids of dead letters, or --queue and optionally --max: ' +
        '`signalbox queue dead` lists them',
    )
  if (max === undefined) return { queue }
  if (/^[1-9]\d{0,3}$/.test(max)) return { queue, max: Number(max) }
  throw usage(`--max ${max} is not a number from 1 to 1000`)
}

function usage(message: string): CliError {
  return new CliError(message, { code: 'USAGE' })
}

function show({ json }: QueueOptions, body: unknown, text: () => string): number {
  if (json) printJson(body)
  else process.stdout.write(text())
  return EXIT_CODES.ok
}
