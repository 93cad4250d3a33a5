// The scheduled work of the workers. Waiting messages return to their queues, deliveries expire,
// partitions are created and dropped, the search index of phone numbers is extended, and leftovers
// of crashes and deleted connectors are removed. Every worker process does this work, and the
// statements are safe to run concurrently.

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
  /** The pace of a connector in messages a second. */
  paceOf: (connector: string) => number
  /** Queues whose messages are purged or moved. Waiting messages return to them immediately. */
  clearedQueues: () => readonly string[]
  stranded: Pick<StrandedMessages, 'endSome' | 'queues'>
  onTrouble: (what: string, error: Error) => void
}

const LATER_INTERVAL_MS = 250
const COUNTS_INTERVAL_MS = 5_000
const STRANDED_INTERVAL_MS = 15_000
const SEARCH_INTERVAL_MS = 30_000
/** The number of filters that one statement adds to the index. Each filter takes about 10 ms. */
const SEARCH_FILTERS = 50
const EXPIRE_INTERVAL_MS = 60_000
const MAINTENANCE_INTERVAL_MS = 15 * 60_000

/** Starts all scheduled work. Returns a function that stops it. */
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
    repeat(LATER_INTERVAL_MS, 'moving due messages', moveAllDue, onTrouble),
    repeat(COUNTS_INTERVAL_MS, 'counting messages', () => foldWaitingCounts(database), onTrouble),
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
