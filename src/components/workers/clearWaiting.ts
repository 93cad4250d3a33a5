import { repeat } from '../../flow/repeat.ts'
import type { Database } from '../../database/database.ts'
import { makeDue } from '../../message/waitingMessageTable.ts'
import type { Connector } from '../../platform/connector.ts'
import { submitQueues } from '../../queue/envelopeWire.ts'
import { isClearing } from './clearedOutcome.ts'

export interface ClearWaitingOptions {
  database: Database
  connectors: () => Iterable<Connector>
  onTrouble: (what: string, error: Error) => void
}

const INTERVAL_MS = 1_000

/**
 * Messages that wait for another attempt at a connector which is being cleared return to its queue
 * now, and take the way of the others there. Returns how to stop.
 */
export function clearWaiting({ connectors, database, onTrouble }: ClearWaitingOptions): () => void {
  const clear = async (): Promise<void> => {
    const queues = [...connectors()].filter(isClearing).flatMap(({ id }) => submitQueues(id))
    if (queues.length > 0) await makeDue(database, queues)
  }
  return repeat(INTERVAL_MS, 'making waiting messages due', clear, onTrouble)
}
