import { styleText } from 'node:util'
import { z } from 'zod'
import { tableText } from './tableText.ts'

const troubleSchema = z.object({
  text: z.string(),
  level: z.string(),
  count: z.number(),
  lastAt: z.string(),
})

/** The fields of the response to GET /admin/v1/status that are shown. */
export const statusSchema = z.object({
  at: z.string(),
  processes: z.array(
    z.object({
      component: z.string(),
      instance: z.string(),
      isUp: z.boolean(),
      startedAt: z.string(),
      seenSecondsAgo: z.number(),
      troubles: z.array(troubleSchema),
    }),
  ),
  customers: z.array(
    z.object({
      account: z.string(),
      user: z.string(),
      binds: z.number(),
      receivers: z.number(),
      gateway: z.string(),
    }),
  ),
  moreCustomers: z.number(),
  connectors: z.array(
    z.object({
      id: z.string(),
      state: z.string(),
      binds: z.number(),
      bindsUp: z.number(),
      queuedMessages: z.number(),
      oldestAgeSeconds: z.number(),
      waitingMessages: z.number(),
    }),
  ),
  queues: z.array(
    z.object({ queue: z.string(), messages: z.number(), oldestAgeSeconds: z.number() }),
  ),
  outbox: z.object({ pending: z.number(), oldestAgeSeconds: z.number() }),
  parkedReceipts: z.number(),
  deadLetters: z.array(z.object({ queue: z.string(), letters: z.number() })),
})

export type Status = z.infer<typeof statusSchema>

const COMPONENTS = ['gateway', 'router', 'workers', 'dlr', 'admin', 'exporters']
/** Long tables show this many rows, and count the rest. --json prints all rows. */
const ROWS_MAX = 15
const TROUBLES_MAX = 8

/** Formats the status as one screen of text. */
export function statusText(status: Status): string {
  return [
    processesText(status),
    connectorsText(status),
    customersText(status),
    queuesText(status),
    troublesText(status),
  ].join('\n')
}

function processesText({ at, processes }: Status): string {
  const rows = processes.map(({ component, instance, isUp, seenSecondsAgo, startedAt }) => [
    component,
    instance,
    isUp ? 'up' : styleText('red', 'not seen'),
    isUp
      ? `for ${age((Date.parse(at) - Date.parse(startedAt)) / 1000)}`
      : `for ${age(seenSecondsAgo)}`,
  ])
  const running = new Set(processes.filter(({ isUp }) => isUp).map(({ component }) => component))
  const missing = COMPONENTS.filter((component) => !running.has(component))
  const gap =
    missing.length > 0 ? `${styleText('red', `Not running: ${missing.join(', ')}`)}\n` : ''
  return `${tableText(['COMPONENT', 'PROCESS', 'STATE', ''], shown(rows))}${more(rows)}${gap}`
}

/** Connectors with missing binds come first, then connectors with the most waiting messages. */
function connectorsText({ connectors }: Status): string {
  if (connectors.length === 0)
    return 'There are no connectors yet. Create them with `signalbox apply`.\n'
  const waits = (one: Status['connectors'][number]) => one.queuedMessages + one.waitingMessages
  const lacks = (one: Status['connectors'][number]) =>
    one.state === 'disabled' ? 0 : one.binds - one.bindsUp
  const rows = connectors
    .toSorted((a, b) => lacks(b) - lacks(a) || waits(b) - waits(a) || (a.id < b.id ? -1 : 1))
    .map((one) => [
      one.id,
      one.state,
      `${one.bindsUp} of ${one.binds}`,
      number(one.queuedMessages),
      one.queuedMessages > 0 ? age(one.oldestAgeSeconds) : '',
      number(one.waitingMessages),
    ])
  const heads = ['CONNECTOR', 'STATE', 'BINDS UP', 'QUEUED', 'OLDEST', 'TO BE RETRIED']
  return `${tableText(heads, shown(rows))}${more(rows)}`
}

function customersText({ customers, moreCustomers }: Status): string {
  if (customers.length === 0) return 'No customer is bound.\n'
  const rows = customers.map(({ account, binds, gateway, receivers, user }) => [
    account,
    user,
    `${binds}, ${receivers} for receipts`,
    gateway,
  ])
  const heads = ['ACCOUNT', 'USER', 'BINDS', 'GATEWAY']
  return `${tableText(heads, shown(rows))}${more(rows, moreCustomers)}`
}

function queuesText({ deadLetters, outbox, parkedReceipts, queues }: Status): string {
  const depth = (name: string) => queues.find(({ queue }) => queue === name)
  const lines = [
    ['Events to be written', depth('journal')?.messages ?? 0, depth('journal')?.oldestAgeSeconds],
    ['Receipts to be matched', depth('dlr')?.messages ?? 0, depth('dlr')?.oldestAgeSeconds],
    ['Receipts that match no message yet', parkedReceipts, undefined],
    ['Receipts for customers', outbox.pending, outbox.oldestAgeSeconds],
    ['Dead letters', deadLetters.reduce((sum, { letters }) => sum + letters, 0), undefined],
  ] as const
  const rows = lines.map(([what, count, oldest]) => [
    what,
    number(count),
    count > 0 && oldest !== undefined ? age(oldest) : '',
  ])
  return tableText(['WAITING', '', 'OLDEST'], rows)
}

function troublesText({ at, processes }: Status): string {
  const rows = processes
    .flatMap(({ instance, troubles }) => troubles.map((trouble) => ({ instance, ...trouble })))
    .toSorted((a, b) => (a.lastAt < b.lastAt ? 1 : -1))
    .map(({ count, instance, lastAt, text }) => [
      `${age((Date.parse(at) - Date.parse(lastAt)) / 1000)} ago`,
      instance,
      count > 1 ? `${text} (${number(count)} times)` : text,
    ])
  if (rows.length === 0) return 'No warnings or errors.\n'
  return tableText(['LAST WARNING', 'PROCESS', ''], rows.slice(0, TROUBLES_MAX))
}

function shown(rows: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return rows.slice(0, ROWS_MAX)
}

function more(rows: readonly unknown[], others = 0): string {
  const count = Math.max(0, rows.length - ROWS_MAX) + others
  return count > 0 ? `… and ${number(count)} more: see --json\n` : ''
}

function number(count: number): string {
  return count.toLocaleString('en-US')
}

/** A duration as text, for example `0.4 s`, `12 s`, `5 min`, `3 h` or `2 days`. */
export function age(seconds: number): string {
  const positive = Math.max(0, seconds)
  if (positive < 10) return `${positive.toFixed(1)} s`
  if (positive < 120) return `${Math.round(positive)} s`
  if (positive < 7_200) return `${Math.round(positive / 60)} min`
  if (positive < 172_800) return `${Math.round(positive / 3_600)} h`
  return `${Math.round(positive / 86_400)} days`
}
