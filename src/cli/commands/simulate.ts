import { join } from 'node:path'
import { Option } from 'commander'
import type { Command } from 'commander'
import { AcceptedFileError } from '../../lab/acceptedFile.ts'
import type { Spread } from '../../lab/seededRandom.ts'
import { SMSC_DEFAULTS, SMSC_VERSIONS } from '../../lab/smscOptions.ts'
import type { SmscOptions } from '../../lab/smscOptions.ts'
import { SmscSimulator } from '../../lab/smscSimulator.ts'
import type { SmscStats } from '../../lab/smscSimulator.ts'
import { loadConfig } from '../../runtime/config.ts'
import { CliError, EXIT_CODES } from '../client/cliError.ts'
import { printJson, runCommand } from '../client/runCommand.ts'

interface SimulateOptions {
  readonly host: string
  readonly port: string
  readonly systemId: string
  readonly password?: string
  readonly latencyMs: string
  readonly receiptDelayMs: string
  readonly errorRate: string
  readonly throttleRate: string
  readonly dropRate: string
  readonly tps: string
  readonly undeliveredRate: string
  readonly duplicateRate: string
  readonly earlyReceiptRate: string
  readonly seed: string
  readonly interfaceVersion: string
  readonly file?: string
  readonly json?: boolean
}

const PORT_IN_USE_EXIT_CODE = 3

const HELP = `
Each share is a probability between 0 and 1. Random choices depend only on the seed, so that a run
can be repeated.

Accepted messages are written to the file before they are acknowledged. After a kill, the next start
with the same file sends every outstanding receipt, and no message id is issued twice. The file also
records each bind and how it ended.

With an older interface version, the simulator refuses whatever that version does not define: TLVs
in 3.3, and a short_message of 255 octets before 5.0.

Examples:
  signalbox simulate smsc --password s3cret
  signalbox simulate smsc --password s3cret --latency-ms 20-80 --throttle-rate 0.01
  signalbox simulate smsc --password s3cret --tps 20
  signalbox simulate smsc --password s3cret --receipt-delay-ms 0-5000 --early-receipt-rate 0.2
  signalbox simulate smsc --password s3cret --interface-version 3.3

Exit codes: 0 stopped by SIGTERM or Ctrl-C, 2 invalid option or unusable file, 3 port in use.`

export function registerSimulate(program: Command): void {
  const simulate = program.command('simulate').description('simulate external systems')
  const smsc = simulate.command('smsc').description('an SMSC with latency, errors and receipts')
  for (const option of smscOptions()) smsc.addOption(option)
  smsc
    .addHelpText('after', HELP)
    .action((options: SimulateOptions) => runCommand(options, () => simulateSmsc(options)))
}

function smscOptions(): Option[] {
  const text = (flags: string, about: string, fallback: string) =>
    new Option(flags, about).default(fallback)
  return [
    text('--host <host>', 'address to listen on', SMSC_DEFAULTS.host),
    text(
      '--port <port>',
      'port to listen on; 0 picks a free port and needs --file',
      String(SMSC_DEFAULTS.port),
    ),
    text('--system-id <id>', 'the system_id that may bind', 'signalbox'),
    new Option('--password <password>', 'password for the bind (required)').env('SMSC_PASSWORD'),
    text('--latency-ms <ms>', 'delay from submit_sm to its response: N or MIN-MAX', '0'),
    text('--receipt-delay-ms <ms>', 'delay from the response to the receipt: N or MIN-MAX', '200'),
    text('--error-rate <share>', 'messages answered with ESME_RSUBMITFAIL', '0'),
    text('--throttle-rate <share>', 'messages answered with ESME_RTHROTTLED', '0'),
    text('--drop-rate <share>', 'messages answered by cutting the connection', '0'),
    text('--tps <number>', 'messages accepted in any second; more are throttled; 0: no limit', '0'),
    text('--undelivered-rate <share>', 'receipts with the state UNDELIV', '0'),
    text('--duplicate-rate <share>', 'receipts that are sent twice', '0'),
    text('--early-receipt-rate <share>', 'receipts that are sent before the response', '0'),
    text('--seed <number>', 'seed for all random choices', '1'),
    text('--interface-version <version>', 'SMPP version: 3.3, 3.4 or 5.0', '5.0'),
    new Option(
      '--file <file>',
      'record of accepted messages (default: smsc/PORT.ndjson in the home folder)',
    ),
    new Option('--json', 'print a JSON line when ready, and another when stopped'),
  ]
}

async function simulateSmsc(raw: SimulateOptions): Promise<number> {
  const options = optionsOf(raw)
  const simulator = await startSimulator(options)
  // stopRequest() is called only after the start. Its `disconnect` listener keeps the process
  // alive, so an earlier call would keep the process alive even if the simulator could not start.
  const stopped = stopRequest()
  const { port } = simulator
  const { host, systemId, file } = options
  if (raw.json) printJson({ kind: 'ready', port, host, systemId, file })
  else {
    process.stdout.write(
      `SMSC simulator listens on ${host}:${port} for system_id ${systemId}; ` +
        `it records accepted messages in ${file}. Ctrl-C stops it.\n`,
    )
  }
  process.send?.({ kind: 'ready', ports: { smpp: port } })
  await stopped
  const stats = simulator.stats()
  await simulator.close()
  if (raw.json) printJson({ kind: 'stopped', stats })
  else process.stdout.write(`${statsText(stats)}\n`)
  return EXIT_CODES.ok
}

/** Resolves on SIGTERM, on SIGINT, or when the parent process disconnects. */
function stopRequest(): Promise<void> {
  return new Promise((resolve) => {
    const causes = ['SIGTERM', 'SIGINT', 'disconnect']
    const stop = () => {
      // Once the listeners are removed, a second Ctrl-C ends the process immediately.
      for (const cause of causes) process.off(cause, stop)
      resolve()
    }
    for (const cause of causes) process.on(cause, stop)
    if (process.send && !process.connected) stop()
  })
}

async function startSimulator(options: SmscOptions): Promise<SmscSimulator> {
  try {
    return await SmscSimulator.start(options)
  } catch (error) {
    const { host, port } = options
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    const known = { code, cause: error }
    if (error instanceof AcceptedFileError) throw new CliError(error.message, known)
    if (code === 'EADDRINUSE') {
      throw new CliError(
        `port ${port} on ${host} is in use. Stop the process that uses it, or choose another ` +
          'port with --port',
        { ...known, exitCode: PORT_IN_USE_EXIT_CODE },
      )
    }
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EACCES') {
      const message = `cannot listen on ${host}:${port} (${code}). Choose another --host or --port`
      throw new CliError(message, known)
    }
    throw error
  }
}

function optionsOf(raw: SimulateOptions): SmscOptions {
  const port = whole('--port', raw.port, 65_535)
  if (!raw.password) {
    throw wrongOption('--password is missing. Pass the password that the connector binds with')
  }
  if (port === 0 && raw.file === undefined) {
    throw wrongOption('--port 0 picks a different port each time, so it needs --file')
  }
  const options: SmscOptions = {
    ...SMSC_DEFAULTS,
    host: raw.host,
    port,
    systemId: raw.systemId,
    password: raw.password,
    file: raw.file ?? join(loadConfig().home, 'smsc', `${port}.ndjson`),
    latency: spread('--latency-ms', raw.latencyMs),
    receiptDelay: spread('--receipt-delay-ms', raw.receiptDelayMs),
    errorRate: share('--error-rate', raw.errorRate),
    throttleRate: share('--throttle-rate', raw.throttleRate),
    dropRate: share('--drop-rate', raw.dropRate),
    tps: whole('--tps', raw.tps, 100_000),
    undeliveredRate: share('--undelivered-rate', raw.undeliveredRate),
    duplicateRate: share('--duplicate-rate', raw.duplicateRate),
    earlyReceiptRate: share('--early-receipt-rate', raw.earlyReceiptRate),
    seed: whole('--seed', raw.seed, 2 ** 32 - 1),
    interfaceVersion: version('--interface-version', raw.interfaceVersion),
  }
  if (options.errorRate + options.throttleRate + options.dropRate > 1) {
    throw wrongOption('--error-rate, --throttle-rate and --drop-rate add up to more than 1')
  }
  return options
}

function whole(name: string, given: string, max: number): number {
  if (/^\d+$/.test(given) && Number(given) <= max) return Number(given)
  throw wrongOption(`${name} is "${given}". Expected a whole number from 0 to ${max}`)
}

function share(name: string, given: string): number {
  if (/^(\d+\.?\d*|\.\d+)$/.test(given) && Number(given) <= 1) return Number(given)
  throw wrongOption(`${name} is "${given}". Expected a share between 0 and 1, for example 0.05`)
}

function spread(name: string, given: string): Spread {
  const [, min = '', max = min] = /^(\d+)(?:-(\d+))?$/.exec(given) ?? []
  const fits = min !== '' && Number(min) <= Number(max) && Number(max) <= 86_400_000
  if (fits) return { minMs: Number(min), maxMs: Number(max) }
  throw wrongOption(
    `${name} is "${given}". Expected milliseconds as N or MIN-MAX, for example 20-80`,
  )
}

function version(name: string, given: string): SmscOptions['interfaceVersion'] {
  const known = SMSC_VERSIONS.get(given)
  if (known !== undefined) return known
  const expected = [...SMSC_VERSIONS.keys()].join(', ')
  throw wrongOption(`${name} is "${given}". Expected one of ${expected}`)
}

function wrongOption(message: string): CliError {
  return new CliError(`${message}. See signalbox simulate smsc --help`, { code: 'WRONG_OPTION' })
}

function statsText(stats: SmscStats): string {
  return (
    `stopped: ${stats.accepted} accepted, ${stats.refused} refused, ` +
    `${stats.misfits} not valid in the simulator's SMPP version, ` +
    `${stats.throttled} throttled, ${stats.dropped} cut; ` +
    `receipts: ${stats.receiptsAcknowledged} acknowledged, ${stats.receiptsPending} outstanding; ` +
    `at most ${stats.bindsMax} simultaneous binds`
  )
}
