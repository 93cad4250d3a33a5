// The log of a process: JSON on stdout for machines (logOutput.ts), or coloured text on a terminal.
// Code that runs for every message must not log.
import { levels, pino, stdTimeFunctions } from 'pino'
import type { DestinationStream, Logger, LoggerOptions } from 'pino'
import { build as prettyStream } from 'pino-pretty'
import { reasonOf } from '../flow/reasonOf.ts'
import type { Config } from './config.ts'
import { LogOutput } from './logOutput.ts'
import type { RecentTroubles } from './recentTroubles.ts'

export type { Logger } from 'pino'

/** pino's number for the level `warn`. */
const WARN = 40
const secrets = ['password', 'clusterToken', 'adminToken', 'databaseUrl', 'apiKey', 'authorization']

export function createLogger(
  component: string,
  config: Pick<Config, 'logLevel' | 'logFormat' | 'instance'>,
  stream: DestinationStream = standardOutput(config.logFormat),
  troubles?: RecentTroubles,
): Logger {
  return pino(
    {
      level: config.logLevel,
      base: { component, instance: config.instance },
      timestamp: stdTimeFunctions.isoTime,
      ...(troubles && { hooks: { logMethod: noting(troubles) } }),
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: shownError },
      redact: {
        paths: secrets.flatMap((name) => [name, `*.${name}`]),
        censor: '********',
      },
    },
    stream,
  )
}

/** The log fields of an error: the messages of the error and its causes, and their stacks. */
function shownError(error: unknown) {
  if (!(error instanceof Error)) return error
  const stacks = [error, error.cause].flatMap((one) => (one instanceof Error ? [one.stack] : []))
  return { type: error.name, message: reasonOf(error), stack: stacks.join('\ncaused by: ') }
}

/** A pino hook that writes each line and also stores warnings and errors in `troubles`. */
function noting(
  troubles: RecentTroubles,
): NonNullable<NonNullable<LoggerOptions['hooks']>['logMethod']> {
  return function log(args, method, level) {
    if (level >= WARN) troubles.note(levels.labels[level] ?? '', textOf(args))
    method.apply(this, args)
  }
}

/** Builds the text `message: reason (subject)` from the arguments of a log call. */
function textOf([first, message]: readonly unknown[]): string {
  if (typeof first === 'string') return first
  const fields = new Map(Object.entries(first ?? {}))
  const error = fields.get('err')
  const reason = String(error instanceof Error ? reasonOf(error) : (fields.get('reason') ?? ''))
  const text = typeof message === 'string' ? message : ''
  const said = text && reason && !text.includes(reason) ? `${text}: ${reason}` : text || reason
  return `${said}${aboutWhom(fields)}`
}

const WHOM = ['connector', 'systemId', 'account'] as const

function aboutWhom(fields: ReadonlyMap<string, unknown>): string {
  const whom = WHOM.flatMap((name) =>
    fields.has(name) ? [`${name} ${String(fields.get(name))}`] : [],
  )
  return whom.length > 0 ? ` (${whom.join(', ')})` : ''
}

function standardOutput(format: Config['logFormat']): DestinationStream {
  const pretty = format === 'pretty' || (format === 'auto' && process.stdout.isTTY)
  if (pretty) {
    return prettyStream({ sync: true, ignore: 'pid,hostname,component,instance' })
  }
  return new LogOutput(1)
}
