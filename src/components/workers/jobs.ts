// Work with a schedule: waiting messages return to their queue, deliveries expire, partitions are
// made and dropped, the index of numbers grows, and leftovers of crashes and of deleted connectors
// are cleared. Every worker process does it; the statements are written so that several at once do
// no harm.

import { repeat } from '../../flow/repeat.ts'
import type { OncePublisher, QueueUpkeep } from '../../queue/queue.ts'
import type { Database } from '../../database/database.ts'
import { DueSearch } from './dueSearch.ts'
import { maintain, type Retention } from './maintain.ts'
import { extendSearch } from '../../message/messageSearchTable.ts'
import { foldWaitingCounts } from '../../message/waitingMessageTable.ts'
import { moveDue } from './moveDue.ts'
import type { StrandedMessages } from './strandedMessages.ts'
import { expireOutbox } from '../../outbox/endedDeliveryTable.ts'

export interface JobsOptions {
  database: Database
  queue: OncePublisher
  upkeep: QueueUpkeep
  retention: Retention
  /** Messages a second of a connector. */
  paceOf: (connector: string) => number
  /** Queues to which waiting messages return at once, to be cleared. */
  clearedQueues: () => readonly string[]
  stranded: Pick<StrandedMessages, 'endSome' | 'queues'>
  onTrouble: (what: string, error: Error) => void
}

const LATER_INTERVAL_MS = 250
const COUNTS_INTERVAL_MS = 5_000
const STRANDED_INTERVAL_MS = 15_000
const SEARCH_INTERVAL_MS = 30_000
/** Each takes about 10 ms. */
const SEARCH_FILTERS = 50
const EXPIRE_INTERVAL_MS = 60_000
const MAINTENANCE_INTERVAL_MS = 15 * 60_000

/** Starts them; returns how to stop. */
export function startJobs({
  database,
  queue,
  upkeep,
  retention,
  paceOf,
  clearedQueues,
  stranded,
  onTrouble,
}: JobsOptions): () => void {
  let isStopped = false
  const search = new DueSearch(database)
  const leavingQueues = () => [...clearedQueues(), ...stranded.queues]
  const moveAllDue = async (): Promise<void> => {
    let moved = 0
    do {
      const options = { database, queue, upkeep, paceOf, onTrouble, search }
      moved = await moveDue({ ...options, clearedQueues: leavingQueues() })
    } while (moved > 0 && !isStopped)
  }
  const endStranded = async (): Promise<void> => {
    while (!isStopped && (await stranded.endSome()) > 0);
  }
  const extendAll = async (): Promise<void> => {
    const extend = () => extendSearch(database.run, SEARCH_FILTERS)
    while (!isStopped && (await extend()) === SEARCH_FILTERS);
  }
  const expireAll = async (): Promise<void> => {
    while ((await expireOutbox(database)) > 0);
  }
  const stops = [
    repeat(LATER_INTERVAL_MS, 'moving what was due', moveAllDue, onTrouble),
    repeat(COUNTS_INTERVAL_MS, 'adding up', () => foldWaitingCounts(database), onTrouble),
    repeat(STRANDED_INTERVAL_MS, 'ending messages of deleted connectors', endStranded, onTrouble),
    repeat(SEARCH_INTERVAL_MS, 'extending the index of numbers', extendAll, onTrouble),
    repeat(EXPIRE_INTERVAL_MS, 'expiring deliveries', expireAll, onTrouble),
    repeat(
      MAINTENANCE_INTERVAL_MS,
      'maintenance',
      () => maintain(database, upkeep, retention),
      onTrouble,
    ),
  ]
  return () => {
    isStopped = true
    for (const stop of stops) stop()
  }
}
