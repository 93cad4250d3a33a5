import assert from 'node:assert'
import type { Database } from '../../database/database.ts'
import { countWaiting } from '../../message/waitingMessageTable.ts'
import { connectorKind } from '../../platform/connector.ts'
import { submitQueues } from '../../queue/envelopeWire.ts'
import type { QueueUpkeep } from '../../queue/queue.ts'

/**
 * Counts the messages on all lanes of a connector: messages that were accepted for the connector
 * and are not settled yet. A message may move from the waiting messages to a queue, or back, during
 * the count. So the waiting messages are counted before and after the queues, and no message is
 * missed.
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
