// Searches messages by number, account and state, newest first. The index of numbers (migration
// 0024) has a filter for every 128 pages of a table. The filter tells whether these pages may hold
// a number. For a short span of time, the planner uses the primary key instead. Message ids contain
// their creation time, so a span of time is a span of ids.

import type { Database } from '../database/database.ts'
import type { MessageId } from './ids.ts'
import type { MessageState } from './messageProgress.ts'
import type { NumberForms } from './numberForms.ts'
import { LAST_SUBMISSION } from './upstreamIdTable.ts'

type Run = Database['run']

export interface MessageFilter {
  /** Matches the source or the destination. */
  readonly number?: NumberForms | undefined
  readonly account?: string | undefined
  readonly state?: MessageState | undefined
}

/** A range of message ids, in the text form of a uuid. A bound need not be the id of a message. */
export interface IdSpan {
  /** Inclusive. */
  readonly from: string
  /** Exclusive. */
  readonly below: string
}

export interface FoundMessage {
  message_id: MessageId
  account: string
  user_id: string
  connector: string
  source_addr: string
  destination_addr: string
  state: MessageState
  error: string | null
  accepted_at: Date
  submitted_at: Date | null
  done_at: Date | null
}

const LIMIT = {
  name: 'messageSearch.limit',
  // These settings make the server plan each search for its actual values, and run the search
  // without parallel workers.
  text: `select set_config('statement_timeout', $1::text, true),
    set_config('plan_cache_mode', 'force_custom_plan', true),
    set_config('enable_seqscan', 'off', true),
    set_config('max_parallel_workers_per_gather', '0', true)`,
}

/**
 * Sets the planner's settings for the transaction, and a time-out for each of its later statements.
 */
export async function limitSearch(run: Run, timeoutMs: number): Promise<void> {
  await run(LIMIT, [String(Math.max(1, Math.ceil(timeoutMs)))])
}

const EDGE = {
  name: 'messageSearch.edge',
  text: `select message_id as id from messages where message_id >= $1 and message_id < $2
    order by message_id desc offset $3 limit 1`,
}

/**
 * Returns the id of the message at position `messages`, counted back from the newest message of the
 * span. Returns undefined if the span has fewer messages.
 */
export async function newestEdge(
  run: Run,
  { from, below }: IdSpan,
  messages: number,
): Promise<string | undefined> {
  const [row] = await run<{ id: string }>(EDGE, [from, below, messages - 1])
  return row?.id
}

const FIND = {
  name: 'messageSearch.find',
  // Without `materialized`, the planner would read the span in the order of ids, because it expects
  // to find enough matches soon.
  text: `with found as materialized (
      select message_id, account, user_id, connector, source_addr, destination_addr, state, error,
        accepted_at, submitted_at, done_at
      from messages
      where message_id >= $1 and message_id < $2
        and ($3::text is null or destination_addr = $3 or source_addr = $3 or source_addr = $4)
        and ($5::text is null or account = $5) and ($6::int is null or state = $6)),
    page as materialized (select * from found order by message_id desc limit $7)
    select m.message_id, m.account, m.user_id, coalesce(s.connector, m.connector) as connector,
      m.source_addr, m.destination_addr, m.state, m.error, m.accepted_at,
      coalesce(s.submitted_at, m.submitted_at) as submitted_at, m.done_at
    from page as m left join lateral (${LAST_SUBMISSION}) as s on true
    order by m.message_id desc`,
}

/** Finds the newest messages of the span that match the filter, at most `max`. */
export function findMessages(
  run: Run,
  { from, below }: IdSpan,
  { number, account, state }: MessageFilter,
  max: number,
): Promise<FoundMessage[]> {
  const { digits = null, written = null } = number ?? {}
  const values = [from, below, digits, written, account ?? null, state ?? null, max]
  return run<FoundMessage>(FIND, values)
}

const EXTEND = {
  name: 'messageSearch.extend',
  text: 'select extend_message_search($1) as made',
}

/** Creates up to `filtersMax` filters in the index of numbers. Returns how many it created. */
export async function extendSearch(run: Run, filtersMax: number): Promise<number> {
  const [row] = await run<{ made: number }>(EXTEND, [filtersMax])
  return row?.made ?? 0
}
