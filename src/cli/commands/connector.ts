import type { Command } from 'commander'
import { z } from 'zod'
import { findAdmin, withAdminOptions } from '../client/adminClient.ts'
import type { AdminClient, AdminOptions } from '../client/adminClient.ts'
import { CliError, EXIT_CODES } from '../client/cliError.ts'
import { confirm, terminal } from '../client/confirm.ts'
import {
  changedText,
  connectorsText,
  connectorStatusSchema,
  type ConnectorStatus,
  messagesText,
  ownWords,
} from '../client/connectorStatus.ts'
import { printJson, runCommand } from '../client/runCommand.ts'
import { untilNoneWaits } from '../client/untilNoneWaits.ts'

interface ConnectorOptions extends AdminOptions {
  readonly json?: boolean
}

interface ClearOptions extends ConnectorOptions {
  /** False with --no-wait. */
  readonly wait: boolean
}

interface MoveOptions extends ClearOptions {
  readonly to: string
}

interface PurgeOptions extends ClearOptions {
  readonly yes?: boolean
}

const HELP = `
An enabled connector submits messages. A paused connector accepts messages, keeps its binds and
receives receipts, but submits nothing. A disabled connector has no binds, and routes skip it. Its
messages wait until they are moved or purged, or until their validity periods end. Every change
takes effect within a second.

To replace a connector with another:
  signalbox connector disable old
  signalbox connector move old --to new
  signalbox connector delete old        (once no route names it)

Exit codes: 0 done, 2 error, 3 refused (a purge that was not confirmed)`

/** The subcommands that need only a connector id, and their descriptions. */
const SIMPLE = [
  ['pause', 'stop submitting, but keep the binds and continue to accept messages and receipts'],
  ['resume', 'submit again after a pause'],
  ['enable', 'bind, and accept messages again'],
  ['disable', 'unbind, and accept no more messages; waiting messages are kept'],
] as const

export function registerConnector(program: Command): void {
  const group = program
    .command('connector')
    .description('manage connectors and the messages that wait for them')
    .addHelpText('after', HELP)
  subcommand(group, 'list')
    .description('list the connectors with their state, binds and waiting messages')
    .action((options: ConnectorOptions) => runCommand(options, () => list(options)))
  for (const [word, about] of SIMPLE)
    subcommand(group, word)
      .description(about)
      .argument('<id>', 'the connector')
      .action((id: string, options: ConnectorOptions) =>
        runCommand(options, () => change(id, word, options)),
      )
  registerClearing(group)
  subcommand(group, 'delete')
    .description('delete a connector that no route names and no message waits for')
    .argument('<id>', 'the connector')
    .action((id: string, options: ConnectorOptions) =>
      runCommand(options, () => remove(id, options)),
    )
}

function registerClearing(group: Command): void {
  subcommand(group, 'move')
    .description('move the messages that wait for a disabled connector to another connector')
    .argument('<id>', 'the disabled connector')
    .requiredOption('--to <id>', 'the connector that sends them instead')
    .option('--no-wait', 'return immediately instead of waiting until all messages have moved')
    .action((id: string, options: MoveOptions) => runCommand(options, () => move(id, options)))
  subcommand(group, 'purge')
    .description('discard the messages that wait for a disabled connector; each gets a receipt')
    .argument('<id>', 'the disabled connector')
    .option('--yes', 'do not ask for confirmation')
    .option('--no-wait', 'return immediately instead of waiting until all messages are discarded')
    .action((id: string, options: PurgeOptions) => runCommand(options, () => purge(id, options)))
}

function subcommand(group: Command, word: string): Command {
  return withAdminOptions(group.command(word))
    .option('--json', 'print the response of the admin API')
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : EXIT_CODES.error))
}

async function list(options: ConnectorOptions): Promise<number> {
  const admin = await findAdmin(options)
  const { body } = await admin.get('/connector-status')
  if (options.json) printJson(body)
  else process.stdout.write(connectorsText(z.array(connectorStatusSchema).parse(body)))
  return EXIT_CODES.ok
}

async function change(id: string, word: string, options: ConnectorOptions): Promise<number> {
  const admin = await findAdmin(options)
  const status = await post(admin, id, word)
  const { waitingMessages } = status
  const wait = waitingMessages === 1 ? 'waits' : 'wait'
  const waits = waitingMessages > 0 ? `; ${messagesText(waitingMessages)} ${wait}` : ''
  return report(options, status, `Connector ${id} ${changedText(word, status)}${waits}.`)
}

async function move(id: string, options: MoveOptions): Promise<number> {
  const admin = await findAdmin(options)
  const { to } = options
  const status = await post(admin, id, 'move', { to })
  return clear(admin, status, options, `All messages of ${id} have moved to ${to}.`)
}

async function purge(id: string, options: PurgeOptions): Promise<number> {
  const admin = await findAdmin(options)
  await refusePurge(admin, id, options)
  const status = await post(admin, id, 'purge')
  return clear(admin, status, options, `No message waits for ${id} any more.`)
}

async function refusePurge(admin: AdminClient, id: string, options: PurgeOptions): Promise<void> {
  if (options.yes) return
  const { waitingMessages } = await statusOf(admin, id)
  const what = `This permanently discards ${messagesText(waitingMessages)} of connector ${id}`
  const asked = options.json ? undefined : terminal()
  if (asked && (await confirm(asked, `${what}. Continue?`))) return
  const advice = asked ? '' : '. Pass --yes to confirm'
  throw new CliError(`not confirmed, so nothing was changed. ${what}${advice}`, {
    code: 'PURGE',
    exitCode: EXIT_CODES.refused,
  })
}

/**
 * Waits until no message waits for the connector. If the command is interrupted, the platform still
 * moves or discards the remaining messages.
 */
async function clear(
  admin: AdminClient,
  status: ConnectorStatus,
  options: ClearOptions,
  done: string,
): Promise<number> {
  const { id, waitingMessages } = status
  if (!options.wait)
    return report(options, status, `Clearing ${messagesText(waitingMessages)} from ${id}.`)
  const output = options.json ? undefined : terminal()?.output
  await untilNoneWaits(admin, status, { output })
  return report(options, await statusOf(admin, id), done)
}

async function remove(id: string, options: ConnectorOptions): Promise<number> {
  const admin = await findAdmin(options)
  await admin.delete(`/connectors/${encodeURIComponent(id)}`).catch(ownWords)
  if (options.json) printJson({ deleted: id })
  else process.stdout.write(`Connector ${id} is deleted.\n`)
  return EXIT_CODES.ok
}

async function post(
  admin: AdminClient,
  id: string,
  word: string,
  body?: object,
): Promise<ConnectorStatus> {
  const answer = await admin
    .post(`/connectors/${encodeURIComponent(id)}/${word}`, body)
    .catch(ownWords)
  return connectorStatusSchema.parse(answer.body)
}

async function statusOf(admin: AdminClient, id: string): Promise<ConnectorStatus> {
  const { body } = await admin.get(`/connector-status/${encodeURIComponent(id)}`).catch(ownWords)
  return connectorStatusSchema.parse(body)
}

function report({ json }: ConnectorOptions, status: ConnectorStatus, text: string): number {
  if (json) printJson(status)
  else process.stdout.write(`${text}\n`)
  return EXIT_CODES.ok
}
