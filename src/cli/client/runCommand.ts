import { ConfigError } from '../../runtime/config.ts'
import { CliError, EXIT_CODES } from './cliError.ts'

/**
 * Runs a command. `work` resolves to the exit code. An error is printed to stderr as text. With
 * `json`, the error is also printed to stdout as `{ error: { code, message } }`, so that a script
 * can always read one JSON document.
 */
export async function runCommand(
  options: { readonly json?: boolean | undefined },
  work: () => Promise<number>,
): Promise<void> {
  try {
    process.exitCode = await work()
  } catch (error) {
    const { code, message, exitCode } = described(error)
    if (options.json) printJson({ error: { code, message } })
    process.stderr.write(`signalbox: ${message}\n`)
    process.exitCode = exitCode
  }
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}

function described(error: unknown): { code: string; message: string; exitCode: number } {
  if (error instanceof CliError) return error
  const exitCode = EXIT_CODES.error
  if (error instanceof ConfigError) return { code: error.code, message: error.message, exitCode }
  // An unexpected error is shown with its stack trace.
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { code: 'UNEXPECTED', message, exitCode }
}
