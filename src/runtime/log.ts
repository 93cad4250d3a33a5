// Log lines of a process: JSON on stdout for machines (logOutput.ts), coloured text on a terminal.
// Never one line per message.
import { pino, stdTimeFunctions } from 'pino'
import type { DestinationStream, Logger } from 'pino'
import { build as prettyStream } from 'pino-pretty'
import { reasonOf } from '../flow/reasonOf.ts'
import type { Config } from './config.ts'
import { LogOutput } from './logOutput.ts'

export type { Logger } from 'pino'

const secrets = ['password', 'clusterToken', 'adminToken', 'databaseUrl', 'apiKey', 'authorization']

export function createLogger(
  component: string,
  config: Pick<Config, 'logLevel' | 'logFormat' | 'instance'>,
  stream: DestinationStream = standardOutput(config.logFormat),
): Logger {
  return pino(
    {
      level: config.logLevel,
      base: { component, instance: config.instance },
      timestamp: stdTimeFunctions.isoTime,
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

/** The texts of a defect, each once, and the stacks that lead to it. */
function shownError(error: unknown) {
  if (!(error instanceof Error)) return error
  const stacks = [error, error.cause].flatMap((one) => (one instanceof Error ? [one.stack] : []))
  return { type: error.name, message: reasonOf(error), stack: stacks.join('\ncaused by: ') }
}

function standardOutput(format: Config['logFormat']): DestinationStream {
  const pretty = format === 'pretty' || (format === 'auto' && process.stdout.isTTY)
  if (pretty) {
    return prettyStream({ sync: true, ignore: 'pid,hostname,component,instance' })
  }
  return new LogOutput(1)
}
