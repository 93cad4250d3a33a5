import { z } from 'zod'
import { CliError } from './cliError.ts'
import { ProblemResponse } from './httpCall.ts'
import { tableText } from './tableText.ts'

export const connectorStatusSchema = z.object({
  id: z.string(),
  state: z.string(),
  binds: z.number(),
  bindsUp: z.number(),
  waiting: z.union([z.string(), z.object({ moveTo: z.string() })]),
  waitingMessages: z.number(),
})

export type ConnectorStatus = z.infer<typeof connectorStatusSchema>

const HEADS = ['CONNECTOR', 'STATE', 'BINDS UP', 'WAITING'] as const

/** A table with one line for each connector. */
export function connectorsText(connectors: readonly ConnectorStatus[]): string {
  if (connectors.length === 0)
    return 'There are no connectors yet. Create them with `signalbox apply`.\n'
  const rows = connectors.map((one) => [
    one.id,
    stateText(one),
    `${one.bindsUp} of ${one.binds}`,
    count(one.waitingMessages),
  ])
  return tableText(HEADS, rows)
}

/** Describes a connector after the command `word` was applied, for example `is paused`. */
export function changedText(word: string, { id, state }: ConnectorStatus): string {
  if (word === 'enable' && state === 'paused')
    return `is paused: it binds, but submits only after \`signalbox connector resume ${id}\``
  return word === 'resume' && state === 'enabled' ? 'submits again' : `is ${state}`
}

/** The state as text, for example `disabled, moving its messages to other`. */
export function stateText({ state, waiting }: ConnectorStatus): string {
  if (typeof waiting === 'object') return `${state}, moving its messages to ${waiting.moveTo}`
  return waiting === 'purge' ? `${state}, purging its messages` : state
}

/** A count of messages as text, for example `1 message` or `12,000 messages`. */
export function messagesText(messages: number): string {
  return `${count(messages)} ${messages === 1 ? 'message' : 'messages'}`
}

function count(messages: number): string {
  return messages.toLocaleString('en-US')
}

/**
 * Throws the given error. If it is a problem response with a status below 500, throws an error that
 * has only the detail of the response as its message. The address of the server is left out,
 * because the detail is clear to the user without it.
 */
export function ownWords(error: unknown): never {
  if (!(error instanceof ProblemResponse) || error.status >= 500) throw error
  throw new CliError(error.problem.detail, { code: error.code, cause: error })
}
