import type { MessageId } from './ids.ts'
import { messageStateName } from './messageProgress.ts'
import type { MessageState } from './messageProgress.ts'
import type { Database } from '../database/database.ts'

/** The whole life of a message as the store knows it, oldest step first. */
export interface MessageTrace {
  messageId: MessageId
  account: string
  user: string
  source: string
  destination: string
  connector: string
  state: string
  attempts: number
  steps: TraceStep[]
}

export interface TraceStep {
  at: string
  step: string
  detail: string
}

interface MessageRow {
  message_id: MessageId
  account: string
  user_id: string
  connector: string
  source_addr: string
  destination_addr: string
  state: MessageState
  error: string | null
  upstream_id: string | null
  attempts: number
  accepted_at: Date
  submitted_at: Date | null
  done_at: Date | null
}

const MESSAGE = { name: 'trace.message', text: 'select * from messages where message_id = $1' }
const OUTBOX = {
  name: 'trace.outbox',
  text: `select 'pending' as kind, state as detail, attempts, created_at as at, command_status
      from outbox where message_id = $1
    union all
    select 'acknowledged', user_id, 0, acknowledged_at, null
      from outbox_acknowledged where message_id = $1`,
}

interface OutboxStep {
  kind: 'pending' | 'acknowledged'
  detail: string
  attempts: number
  at: Date
  command_status: string | null
}

/** Undefined when the store has no such message (yet: it shows within a second of acceptance). */
export async function readTrace(
  database: Database,
  messageId: MessageId,
): Promise<MessageTrace | undefined> {
  const [row] = await database.run<MessageRow>(MESSAGE, [messageId])
  if (!row) return undefined
  const outbox = await database.run<OutboxStep>(OUTBOX, [messageId])
  const steps = [...messageSteps(row), ...outbox.map(outboxStep)]
  return {
    messageId: row.message_id,
    account: row.account,
    user: row.user_id,
    source: row.source_addr,
    destination: row.destination_addr,
    connector: row.connector,
    state: messageStateName(row.state),
    attempts: row.attempts,
    steps: steps.toSorted((a, b) => a.at.localeCompare(b.at)),
  }
}

function messageSteps(row: MessageRow): TraceStep[] {
  const steps = [
    {
      at: row.accepted_at.toISOString(),
      step: 'accepted',
      detail: `from ${row.user_id} of ${row.account}, routed to ${row.connector}`,
    },
  ]
  if (row.submitted_at)
    steps.push({
      at: row.submitted_at.toISOString(),
      step: 'submitted',
      detail: `to ${row.connector}, which calls it ${row.upstream_id ?? '(no id)'}`,
    })
  if (row.done_at)
    steps.push({
      at: row.done_at.toISOString(),
      step: messageStateName(row.state).toLowerCase(),
      detail: row.error ? `error ${row.error}` : '',
    })
  return steps
}

function outboxStep(row: OutboxStep): TraceStep {
  const at = row.at.toISOString()
  if (row.kind === 'acknowledged')
    return { at, step: 'receipt acknowledged', detail: `by a bind of ${row.detail}` }
  const status = row.command_status ? `, command_status ${row.command_status}` : ''
  return {
    at,
    step: `receipt ${row.detail}`,
    detail: `for the customer, ${row.attempts} attempts${status}`,
  }
}
