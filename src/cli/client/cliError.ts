/** Exit codes that scripts may rely on. */
export const EXIT_CODES = {
  ok: 0,
  changes: 1,
  error: 2,
  undelivered: 3,
  refused: 3,
  timeout: 4,
} as const

/** An error that the user can understand and fix. It is printed without a stack trace. */
export class CliError extends Error {
  readonly code: string
  readonly exitCode: number

  constructor(message: string, options: ErrorOptions & { code: string; exitCode?: number }) {
    super(message, options)
    this.name = 'CliError'
    this.code = options.code
    this.exitCode = options.exitCode ?? EXIT_CODES.error
  }
}
