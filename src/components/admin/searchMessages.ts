// Searches messages from the newest to the oldest, in time spans of growing length. The messages of
// a frequent number are found in the short first spans. Those of a rare number are found in the
// long later spans, by an index. A search may take a few seconds. If it needs more time, it returns
// the messages found so far and a cursor with which the next request continues. Only a few searches
// run concurrently, on their own database connections.

import { type Database, tookTooLong } from '../../database/database.ts'
import { firstIdAt, timeOf } from '../../message/ids.ts'
import { messageStateName } from '../../message/messageProgress.ts'
import {
  findMessages,
  type FoundMessage,
  limitSearch,
  type MessageFilter,
  newestEdge,
} from '../../message/messageSearchTable.ts'
import type { MessagePage, MessageSummary } from './messagePage.ts'

export interface MessageQuery extends MessageFilter {
  readonly fromMs: number
  readonly toMs: number
  /** The maximum number of messages in one answer. */
  readonly limit: number
  /** The `next` of the previous answer; undefined for the first request. */
  readonly cursor?: string | undefined
}

export type SearchMessages = (query: MessageQuery) => Promise<MessagePage | 'busy'>

export interface SearchOptions {
  database: Database
  /** The time limit for one answer. */
  budgetMs?: number
  /** The maximum number of concurrent searches in this process. */
  searchesMax?: number
}

export const SEARCHES_MAX = 2
export const SEARCH_BUDGET_MS = 6_000
/**
 * The first span covers about this many messages. They are few enough to be read one by one, so
 * every request makes progress even if no index helps.
 */
const FIRST_MESSAGES = 20_000
const FIRST_SPAN_MS = 600_000
const SPAN_GROWTH = 6

export function messageSearch(options: SearchOptions): SearchMessages {
  const { database, budgetMs = SEARCH_BUDGET_MS, searchesMax = SEARCHES_MAX } = options
  let running = 0
  return async (query) => {
    if (running >= searchesMax) return 'busy'
    running++
    try {
      return await search(database, query, performance.now() + budgetMs)
    } finally {
      running--
    }
  }
}

async function search(
  database: Database,
  query: MessageQuery,
  deadlineMs: number,
): Promise<MessagePage> {
  const within = <Result>(work: (run: Database['run']) => Promise<Result>) =>
    inTime(database, deadlineMs, work)
  const end = firstIdAt(query.fromMs)
  const found: FoundMessage[] = []
  let below = lower(query.cursor ?? firstIdAt(query.toMs), firstIdAt(query.toMs))
  let spanMs = FIRST_SPAN_MS
  const edge = await within((run) => newestEdge(run, { from: end, below }, FIRST_MESSAGES))
  let from = edge === 'late' ? below : (edge ?? end)
  while (below > end) {
    const wanted = query.limit + 1 - found.length
    const span = { from, below }
    const more = await within((run) => findMessages(run, span, query, wanted))
    if (more === 'late') return pageOf(found, 'time', below)
    found.push(...more)
    const last = found[query.limit - 1]
    if (last && found.length > query.limit)
      return pageOf(found.slice(0, query.limit), 'limit', last.message_id)
    below = from
    from = higher(end, firstIdAt(timeOf(below) - spanMs))
    spanMs *= SPAN_GROWTH
  }
  return pageOf(found, undefined, end)
}

/** Runs `work` with the remaining time as its limit. Resolves with 'late' if the time runs out. */
async function inTime<Result>(
  database: Database,
  deadlineMs: number,
  work: (run: Database['run']) => Promise<Result>,
): Promise<Result | 'late'> {
  const leftMs = deadlineMs - performance.now()
  if (leftMs <= 0) return 'late'
  try {
    return await database.transaction(async (run) => {
      await limitSearch(run, leftMs)
      return work(run)
    })
  } catch (error) {
    if (tookTooLong(error)) return 'late'
    throw error
  }
}

function pageOf(
  found: readonly FoundMessage[],
  stopped: MessagePage['stopped'],
  reached: string,
): MessagePage {
  return {
    messages: found.map(summaryOf),
    searchedBackTo: new Date(timeOf(reached)).toISOString(),
    stopped,
    next: stopped && reached,
  }
}

function summaryOf(row: FoundMessage): MessageSummary {
  return {
    messageId: row.message_id,
    acceptedAt: row.accepted_at.toISOString(),
    account: row.account,
    user: row.user_id,
    source: row.source_addr,
    destination: row.destination_addr,
    connector: row.connector,
    state: messageStateName(row.state),
    error: row.error ?? undefined,
    submittedAt: row.submitted_at?.toISOString(),
    doneAt: row.done_at?.toISOString(),
  }
}

/** Returns the lower of two ids in text order. */
function lower(a: string, b: string): string {
  return a < b ? a : b
}

function higher(a: string, b: string): string {
  return a < b ? b : a
}
