import { styleText } from 'node:util'
import { InvalidArgumentError } from 'commander'
import type { Command } from 'commander'
import { CliError, EXIT_CODES } from '../client/cliError.ts'
import { followOverHttp } from '../client/followOverHttp.ts'
import { followOverSmpp } from '../../lab/followOverSmpp.ts'
import type {
  FollowedStep,
  FollowOptions,
  NoSession,
  SendOutcome,
  SmppTarget,
} from '../../lab/followOverSmpp.ts'
import { readInstallation, unknownInstallation } from '../client/installation.ts'
import { printJson, runCommand } from '../client/runCommand.ts'

interface SendOptions {
  readonly to: string
  readonly text: string
  readonly from: string
  readonly via: 'smpp' | 'http'
  readonly host?: string
  readonly port?: number
  readonly systemId?: string
  readonly password?: string
  readonly url?: string
  readonly key?: string
  readonly timeout: number
  readonly json?: boolean
}

/** The outcome of a message. If no SMPP session can be opened, the command fails instead. */
type Sent = Exclude<SendOutcome, NoSession>

const DEFAULT_SENDER = 'Signalbox'
const DEFAULT_TIMEOUT_S = 30

export function registerSend(program: Command): void {
  program
    .command('send')
    .description('send one message and follow it to its receipt')
    .requiredOption('--to <number>', 'destination in international form: 436641234567', number)
    .requiredOption('--text <text>', 'text of the message')
    .option('--from <sender>', 'number, or up to 11 letters and digits', sender, DEFAULT_SENDER)
    .option('--via <smpp|http>', 'protocol to use', door, 'smpp')
    .option('--host <host>', 'SMPP host (default: the installation in SIGNALBOX_HOME)')
    .option('--port <port>', 'SMPP port', port)
    .option('--system-id <id>', 'SMPP system_id')
    .option('--password <password>', 'SMPP password')
    .option('--url <url>', 'HTTP API (default: the installation in SIGNALBOX_HOME)')
    .option('--key <key>', 'HTTP API key')
    .option('--timeout <seconds>', 'how long to wait for the receipt', seconds, DEFAULT_TIMEOUT_S)
    .option('--json', 'print one JSON document at the end: { outcome, messageId, state, steps }')
    .addHelpText('after', '\nExit codes: 0 delivered, 2 error, 3 refused or undelivered, 4 timeout')
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : EXIT_CODES.error))
    .action((options: SendOptions) => runCommand(options, () => send(options)))
}

async function send(options: SendOptions): Promise<number> {
  const steps: FollowedStep[] = []
  const follow: FollowOptions = {
    timeoutMs: options.timeout * 1000,
    onStep(step) {
      steps.push(step)
      if (!options.json) process.stdout.write(stepLine(step))
    },
  }
  const outcome =
    options.via === 'http' ? await viaHttp(options, follow) : await viaSmpp(options, follow)
  if (options.json) {
    const { kind, ...rest } = outcome
    printJson({ outcome: kind, ...rest, via: options.via, steps })
  } else {
    process.stdout.write(`${closingLine(outcome, options.timeout).trimEnd()}\n`)
  }
  return exitCodeOf(outcome)
}

async function viaSmpp(options: SendOptions, follow: FollowOptions): Promise<Sent> {
  const complete =
    options.host && options.port && options.systemId && options.password !== undefined
  const known = complete ? undefined : (await readInstallation())?.smpp
  const host = options.host ?? known?.host
  const smppPort = options.port ?? known?.port
  const systemId = options.systemId ?? known?.systemId
  const password = options.password ?? known?.password
  if (host === undefined || smppPort === undefined)
    throw unknownInstallation('--host, --port, --system-id and --password')
  if (systemId === undefined || password === undefined)
    throw new CliError(
      'this installation has no demo user: pass the --system-id and --password of a user',
      { code: 'INSTALLATION' },
    )
  const { to, from, text } = options
  const target = { host, port: smppPort, systemId, password }
  const outcome = await followOverSmpp(target, { to, from, text }, follow)
  if (outcome.kind !== 'unreachable' && outcome.kind !== 'bindRefused') return outcome
  throw noSession(outcome, target)
}

function noSession(why: NoSession, { host, port: smppPort, systemId }: SmppTarget): CliError {
  const where = `${host}:${smppPort}`
  if (why.kind === 'bindRefused') {
    const { status } = why
    const said = `${where} refused the bind as "${systemId}" with ${status}`
    return new CliError(`${said}: ${bindAdvice(status)}`, { code: status })
  }
  const { code, detail } = why
  const message =
    code === 'ECONNREFUSED'
      ? `nothing listens at ${where}: is Signalbox running (\`npm start\`)?`
      : `${detail}. Check --host and --port, and the log of the gateway`
  return new CliError(message, { code })
}

function bindAdvice(status: string): string {
  switch (status) {
    case 'ESME_RBINDFAIL':
    case 'ESME_RINVPASWD':
    case 'ESME_RINVSYSID':
      return 'wrong system_id or password, or the user is not enabled'
    case 'ESME_RALYBND':
      return 'the user has reached its maxBinds; close a bind, or raise maxBinds'
    default:
      return "see the gateway's log"
  }
}

async function viaHttp(options: SendOptions, follow: FollowOptions): Promise<Sent> {
  const known = options.url && options.key ? undefined : (await readInstallation())?.api
  const url = options.url ?? known?.url
  const key = options.key ?? known?.key
  if (url === undefined || key === undefined) throw unknownInstallation('--url and --key')
  const { to, from, text } = options
  return followOverHttp({ url, key }, { to, from, text }, follow)
}

function stepLine({ step, elapsedMs, detail }: FollowedStep): string {
  return `${styleText('dim', `${elapsedMs} ms`.padStart(9))}  ${step.padEnd(9)}  ${detail}\n`
}

function closingLine(outcome: Sent, timeoutSeconds: number): string {
  const id = 'messageId' in outcome ? outcome.messageId : undefined
  const look = id ? `To see its history: npx signalbox trace ${id}` : ''
  switch (outcome.kind) {
    case 'delivered':
      return `${styleText('green', 'Delivered.')} ${look}`
    case 'undelivered':
      return `${styleText('red', `Not delivered: ${outcome.state}.`)} ${look}`
    case 'refused':
      return `${styleText('red', `Refused: ${outcome.status}.`)} ${advice(outcome.status)}`
    case 'timeout': {
      const missing = id ? 'Accepted, but no final receipt' : 'No answer to submit_sm'
      return `${styleText('yellow', `${missing} within ${timeoutSeconds} s.`)} ${look}`
    }
    case 'lost': {
      const unsure = look || 'The message may still have been accepted.'
      return `${styleText('red', 'The connection was lost.')} ${unsure}`
    }
  }
}

/** Advice for the statuses that new users are most likely to see. */
function advice(status: string): string {
  switch (status) {
    case 'ESME_RINVDSTADR':
      return 'No route matches this number: see the route table (npx signalbox export)'
    case 'ESME_RTHROTTLED':
    case 'ESME_RMSGQFUL':
      return 'Too many requests, or part of the platform is unavailable: try again'
    default:
      return ''
  }
}

function exitCodeOf({ kind }: Sent): number {
  switch (kind) {
    case 'delivered':
      return EXIT_CODES.ok
    case 'undelivered':
    case 'refused':
      return EXIT_CODES.undelivered
    case 'timeout':
      return EXIT_CODES.timeout
    case 'lost':
      return EXIT_CODES.error
  }
}

function number(text: string): string {
  const plain = text.replaceAll(/[\s()/-]/g, '')
  if (/^\+?\d{3,20}$/.test(plain)) return plain
  throw new InvalidArgumentError('Expected digits in international form, such as 436641234567.')
}

function sender(text: string): string {
  if (/^\+?\d{3,20}$/.test(text) || /^[\x20-\x7e]{1,11}$/.test(text)) return text
  throw new InvalidArgumentError('Expected a number, or up to 11 letters and digits.')
}

function door(text: string): string {
  if (text === 'smpp' || text === 'http') return text
  throw new InvalidArgumentError('Expected smpp or http.')
}

function port(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1 && value <= 65_535) return value
  throw new InvalidArgumentError('Expected a port from 1 to 65535.')
}

function seconds(text: string): number {
  const value = Number(text)
  if (value > 0 && value <= 86_400) return value
  throw new InvalidArgumentError('Expected a number of seconds, such as 30.')
}
