import { styleText } from 'node:util'
import type { Command } from 'commander'
import { findAdmin, traceSchema, withAdminOptions } from '../client/adminClient.ts'
import type { AdminOptions, Trace } from '../client/adminClient.ts'
import { CliError, EXIT_CODES } from '../client/cliError.ts'
import { ProblemResponse } from '../client/httpCall.ts'
import { printJson, runCommand } from '../client/runCommand.ts'

interface TraceOptions extends AdminOptions {
  readonly json?: boolean
}

export function registerTrace(program: Command): void {
  withAdminOptions(program.command('trace'))
    .description('show the history of a message')
    .argument('<id>', 'message id from submit_sm_resp or POST /v1/messages')
    .option('--json', 'print the response of the admin API')
    .action((id: string, options: TraceOptions) => runCommand(options, () => trace(id, options)))
}

async function trace(id: string, options: TraceOptions): Promise<number> {
  const admin = await findAdmin(options)
  const { body } = await admin.get(`/messages/${encodeURIComponent(id)}`).catch(ownWords)
  if (options.json) printJson(body)
  else process.stdout.write(traceText(traceSchema.parse(body)))
  return EXIT_CODES.ok
}

/**
 * Throws the given error. If it is a problem response with a status below 500, throws an error that
 * has only the detail of the response as its message.
 */
function ownWords(error: unknown): never {
  if (!(error instanceof ProblemResponse) || error.status >= 500) throw error
  throw new CliError(error.problem.detail, { code: error.code, cause: error })
}

export function traceText(message: Trace): string {
  const { messageId, source, destination, account, user, connector, state, steps, waits } = message
  const { unfinishedAttemptsOmitted: omitted } = message
  const started = Date.parse(steps[0]?.at ?? '')
  const width = Math.max(...steps.map(({ step }) => step.length), 0)
  const lines = steps.map(({ at, step, detail }) => {
    const after = `+${Date.parse(at) - started} ms`.padStart(12)
    return `  ${at}${styleText('dim', after)}  ${step.padEnd(width)}  ${detail}`.trimEnd()
  })
  return [
    `${styleText('bold', messageId)}  ${state}`,
    `  from ${source || '(none)'} to ${destination}`,
    `  account ${account}, user ${user}, connector ${connector}`,
    ...(waits === undefined ? [] : [`  waits: ${waits}`]),
    ...(omitted > 0 ? [`  ${omitted} attempts between the first and the last are not stored`] : []),
    '',
    ...lines,
    '',
  ].join('\n')
}
