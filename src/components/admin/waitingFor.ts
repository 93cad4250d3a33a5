import assert from 'node:assert'
import type { Database } from '../../database/database.ts'
import { countWaiting } from '../../message/waitingMessageTable.ts'
import { connectorKind } from '../../platform/connector.ts'
import { submitQueues } from '../../queue/envelopeWire.ts'
import type { QueueUpkeep } from '../../queue/queue.ts'

/**
 * Messages that were accepted for a connector and are not settled yet, on all of its lanes. While
 * both places are read a message may move from one to the other, so the waiting messages are read
 * twice: each message is counted at least once.
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
