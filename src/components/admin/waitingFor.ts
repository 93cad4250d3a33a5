import type { Database } from '../../database/database.ts'
import { countWaiting } from '../../message/waitingMessageTable.ts'
import { submitQueues } from '../../queue/envelopeWire.ts'
import type { QueueUpkeep } from '../../queue/queue.ts'

/** Messages that were accepted for a connector and are not settled yet, on all of its lanes. */
export async function waitingFor(
  database: Database,
  upkeep: QueueUpkeep,
  connector: string,
): Promise<number> {
  const queues = submitQueues(connector)
  return (await upkeep.messagesOn(queues)) + (await countWaiting(database.run, queues))
}
