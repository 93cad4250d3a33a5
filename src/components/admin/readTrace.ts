import type { Database } from '../../database/database.ts'
import type { MessageId } from '../../message/ids.ts'
import { waitReason } from './waitReason.ts'
import { readAttempts } from '../../message/messageAttemptTable.ts'
import { readMessage } from '../../message/messageTable.ts'
import { type MessageTrace, traceOf, type TraceStep } from '../../message/trace.ts'
import { type DeliveryStep, readDeliverySteps } from '../../outbox/outboxReportTable.ts'

/**
 * Reads the trace of a message. Resolves with undefined if the database does not contain the
 * message. A new message is stored within a second.
 */
export async function readTrace(
  database: Database,
  messageId: MessageId,
): Promise<MessageTrace | undefined> {
  const row = await readMessage(database, messageId)
  if (!row) return undefined
  const attempts = await readAttempts(database.run, messageId)
  const last = attempts.at(-1)
  const waits = row.done_at ? undefined : await waitReason(database, row, last)
  const deliveries = await readDeliverySteps(database, {
    id: messageId,
    account: row.account,
    user: row.user_id,
  })
  const trace = traceOf(row, attempts, deliveries.map(traceStep))
  return waits === undefined ? trace : { ...trace, waits }
}

function traceStep(row: DeliveryStep): TraceStep {
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
