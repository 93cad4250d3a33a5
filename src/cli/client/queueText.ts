import { z } from 'zod'
import { age } from './statusText.ts'
import { tableText } from './tableText.ts'

/** The fields of GET /admin/v1/queues that are shown. */
export const queuesSchema = z.array(
  z.object({
    queue: z.string(),
    envelopes: z.number(),
    messages: z.number(),
    oldestAgeSeconds: z.number(),
    deadLetters: z.number(),
  }),
)

const summarySchema = z.object({
  id: z.string(),
  queue: z.string(),
  at: z.string(),
  reason: z.string(),
  receives: z.number(),
  octets: z.number(),
})

/** The fields of GET /admin/v1/dead-letters that are shown. */
export const letterPageSchema = z.object({
  deadLetters: z.array(summarySchema),
  next: z.string().optional(),
})

/** The fields of GET /admin/v1/dead-letters/{id} that are shown. */
export const letterSchema = summarySchema.extend({
  content: z.object({
    kind: z.string(),
    envelopeId: z.string().optional(),
    count: z.number().default(0),
    items: z
      .array(
        z.object({
          kind: z.string(),
          messageId: z.string().optional(),
          account: z.string().optional(),
          connector: z.string().optional(),
          upstreamId: z.string().optional(),
          at: z.string().optional(),
        }),
      )
      .default([]),
    error: z.string().optional(),
    firstOctets: z.string().optional(),
  }),
})

/**
 * The answer of POST /admin/v1/dead-letters/redrive, which returns dead letters to their queues so
 * that they are processed again. `kept` lists the dead letters that were not returned.
 */
export const redrivenSchema = z.object({
  redriven: z.number(),
  kept: z.array(z.object({ id: z.string(), detail: z.string() })),
  stopped: z.string().optional(),
})

/** A table with one line for each queue. */
export function queuesText(queues: z.infer<typeof queuesSchema>): string {
  if (queues.length === 0) return 'All queues are empty, and there are no dead letters.\n'
  const rows = queues.map((one) => [
    one.queue,
    number(one.envelopes),
    number(one.messages),
    one.envelopes > 0 ? age(one.oldestAgeSeconds) : '',
    number(one.deadLetters),
  ])
  return tableText(['QUEUE', 'ENVELOPES', 'MESSAGES', 'OLDEST', 'DEAD LETTERS'], rows)
}

/** A table of dead letters. If there are more, a line says how to continue the list. */
export function lettersText({ deadLetters, next }: z.infer<typeof letterPageSchema>): string {
  if (deadLetters.length === 0) return 'No dead letters.\n'
  const heads = ['ID', 'SET ASIDE', 'QUEUE', 'RECEIVES', 'OCTETS', 'REASON']
  const rows = deadLetters.map((one) => [
    one.id,
    one.at,
    one.queue,
    number(one.receives),
    number(one.octets),
    one.reason,
  ])
  const more = `There are older ones. To continue, repeat the command with --cursor ${next}\n`
  return `${tableText(heads, rows)}${next === undefined ? '' : more}`
}

/** Describes one dead letter: when and why it was set aside, and what it contains. */
export function letterText(letter: z.infer<typeof letterSchema>): string {
  const { at, content, id, octets, queue, reason, receives } = letter
  return [
    `dead letter ${id} of ${queue}`,
    `  set aside  ${at}, received ${receives === 1 ? 'once' : `${number(receives)} times`}`,
    `  reason     ${reason}`,
    `  payload    ${number(octets)} octets, ${contentText(content)}`,
    '',
    content.items.length > 0 ? itemsText(content.items) : '',
  ]
    .join('\n')
    .replace(/\n+$/, '\n')
}

type Content = z.infer<typeof letterSchema>['content']

function contentText({ count, envelopeId, error, firstOctets, items, kind }: Content): string {
  if (kind === 'unreadable') return `unreadable: ${error}\n  begins     ${firstOctets}`
  const shown = items.length < count ? `; only ${items.length} shown` : ''
  if (kind === 'envelope') return `envelope ${envelopeId} with ${counted(count, 'message')}${shown}`
  return `${counted(count, kind.replace(/s$/, ''))}${shown}`
}

/** A table of the items, without the columns that are empty in every row. */
function itemsText(items: Content['items']): string {
  const heads = ['ITEM', 'AT', 'MESSAGE', 'ACCOUNT', 'CONNECTOR', 'UPSTREAM ID']
  const rows = items.map((one) => [
    one.kind,
    one.at ?? '',
    one.messageId ?? '',
    one.account ?? '',
    one.connector ?? '',
    one.upstreamId ?? '',
  ])
  const used = heads.flatMap((_, column) => (rows.some((row) => row[column]) ? [column] : []))
  const cells = (row: readonly string[]) => used.map((column) => row[column] ?? '')
  return tableText(cells(heads), rows.map(cells))
}

/** Says how many dead letters a redrive returned to their queues, and why it kept the others. */
export function redrivenText({ kept, redriven, stopped }: z.infer<typeof redrivenSchema>): string {
  const are = redriven === 1 ? 'is back on its queue' : 'are back on their queues'
  const reasons = kept.map(({ detail, id }) => `${id} was not redriven: ${detail}\n`)
  const end = stopped === undefined ? '' : `Stopped by an error; try again: ${stopped}\n`
  return `${counted(redriven, 'dead letter')} ${are}.\n${reasons.join('')}${end}`
}

function counted(count: number, noun: string): string {
  return `${number(count)} ${noun}${count === 1 ? '' : 's'}`
}

function number(count: number): string {
  return count.toLocaleString('en-US')
}
