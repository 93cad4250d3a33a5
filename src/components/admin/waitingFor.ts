import assert from 'node:assert'
import type { Database } from '../../database/database.ts'
import { countWaiting } from '../../message/waitingMessageTable.ts'
import { connectorKind } from '../../platform/connector.ts'
import { submitQueues } from '../../queue/envelopeWire.ts'
import type { QueueUpkeep } from '../../queue/queue.ts'

/**
 * Counts the messages that were accepted for a connector and are not settled yet, on all its lanes.
 * Such a message is either on a queue, or waits for another attempt in the table of waiting
 * messages. It may move from the table to its queue, or back, during the count. To miss no message,
 * the table is counted before and after the queues, and the higher count is added.
 */
export async function waitingFor(
  database: Database,
  upkeep: QueueUpkeep,
  kind: string,
  id: string,
): Promise<number> {
  assert.equal(kind, connectorKind.kind, 'messages wait for connectors only')
  const queues = submitQueues(id)
  const before = await countWaiting(database.run, queues)
  const queued = await upkeep.messagesOn(queues)
  const after = await countWaiting(database.run, queues)
  return queued + Math.max(before, after)
}
