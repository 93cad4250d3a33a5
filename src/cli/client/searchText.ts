import { z } from 'zod'
import { tableText } from './tableText.ts'

/** The fields of the response to GET /admin/v1/messages that are shown. */
export const pageSchema = z.object({
  messages: z.array(
    z.object({
      messageId: z.string(),
      acceptedAt: z.string(),
      account: z.string(),
      source: z.string(),
      destination: z.string(),
      connector: z.string(),
      state: z.string(),
      error: z.string().optional(),
    }),
  ),
  searchedBackTo: z.string(),
  stopped: z.enum(['limit', 'time']).optional(),
  next: z.string().optional(),
})

export type MessagePage = z.infer<typeof pageSchema>

const HEADS = ['ACCEPTED', 'MESSAGE', 'FROM', 'TO', 'ACCOUNT', 'CONNECTOR', 'STATE']

/** A table of the messages found, and a line that says how far back the search went. */
export function searchText({ messages, searchedBackTo, stopped, next }: MessagePage): string {
  const rows = messages.map((one) => [
    one.acceptedAt,
    one.messageId,
    one.source || '(none)',
    one.destination,
    one.account,
    one.connector,
    one.error === undefined ? one.state : `${one.state} (${one.error})`,
  ])
  const table = rows.length > 0 ? `${tableText(HEADS, rows)}\n` : ''
  const count = messages.length === 1 ? '1 message' : `${messages.length || 'No'} messages`
  return `${table}${count}, searched back to ${searchedBackTo}.\n${advice(stopped, next)}`
}

function advice(stopped: MessagePage['stopped'], next: string | undefined): string {
  if (stopped === undefined) return ''
  const why =
    stopped === 'limit'
      ? 'There are older messages.'
      : 'The search reached its time limit; older messages may also match.'
  return `${why} To continue, repeat the command with --cursor ${next}\n`
}
