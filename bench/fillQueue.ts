import type { Database } from '../src/database/database.ts'
import { JOURNAL_QUEUE } from '../src/message/journalWire.ts'
import { packEnvelopes } from '../src/queue/packEnvelopes.ts'
import { publishAll } from '../src/queue/publishAll.ts'
import { PostgresQueue } from '../src/queue/postgres/postgresQueue.ts'
import { waitingMessages } from './waitingMessages.ts'

/** The number of messages that a router packs at a time at full rate. */
const BATCH = 5_000
const PACE = 1_000

/** Publishes messages on the submit queue of a connector, packed as a router packs them. */
export async function fillQueue(
  { run }: Database,
  connector: string,
  count: number,
): Promise<void> {
  const queue = new PostgresQueue({ run }, { wake: () => undefined, listen }, 'bench')
  for (let left = count; left > 0; left -= BATCH) {
    const messages = waitingMessages(Math.min(BATCH, left))
    const addressed = messages.map((message) => ({ message, connector, lane: 'bulk' as const }))
    const publications = packEnvelopes(addressed, () => PACE)
    // Without the journal no rows are created in `messages`. See proveScale.ts.
    await publishAll(
      queue,
      publications.filter((one) => one.queue !== JOURNAL_QUEUE),
    )
  }
}

function listen(): () => void {
  return () => undefined
}
