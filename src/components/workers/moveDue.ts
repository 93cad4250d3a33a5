// Moves waiting messages that are due back to their queue, each of them once. What happens when a
// process stops between two steps is told in message/waitingMessageTable.ts.

import { isolateHarm } from '../../flow/isolateHarm.ts'
import type { Database } from '../../database/database.ts'
import { reasonText } from '../../message/reasonText.ts'
import { type LeavingEntry, removeLeft } from '../../message/waitingMessageTable.ts'
import { joinEnvelopes } from '../../queue/joinEnvelopes.ts'
import type { OncePublisher, PublishOnceOutcome, QueueUpkeep } from '../../queue/queue.ts'
import { doesHarm } from '../doesHarm.ts'
import { DueSearch } from './dueSearch.ts'

export interface MoveOptions {
  database: Database
  queue: OncePublisher
  upkeep: QueueUpkeep
  onTrouble: (what: string, error: Error) => void
  claimMs?: number
  /** Goes on where the last call was; without it each call looks from the start. */
  search?: DueSearch
  /** Messages a second of a connector: no envelope holds more than a few seconds of them. */
  paceOf: (connector: string) => number
  /** Queues that get back now whatever waits to return to them, whenever that is due. */
  clearedQueues?: readonly string[]
}

/**
 * Rows of one transaction; a few more while more queues than this have some. Most hold a message of
 * a few hundred octets, and none more than an envelope.
 */
const LATER_BATCH = 500
/** Longer than any statement. What a dead process has claimed waits for so long. */
const CLAIM_MS = 20_000
const NO_ANSWER = Buffer.alloc(0)

/** Answers how many were claimed. */
export async function moveDue(options: MoveOptions): Promise<number> {
  const { database, claimMs = CLAIM_MS, clearedQueues = [] } = options
  const { search = new DueSearch(database) } = options
  const claimed = await search.claim(LATER_BATCH, claimMs, clearedQueues)
  const harmful = await isolateHarm(claimed, (some) => publishEach(options, some, claimMs))
  const refused = new Map(harmful.map(({ item, error }) => [item, error]))
  await removeLeft(
    database,
    claimed.filter((entry) => !refused.has(entry)),
  )
  for (const [entry, error] of refused) await setAside(options, entry, error)
  return claimed.length
}

/** Answers the error if the queue refuses one of them for good. */
async function publishEach(
  options: MoveOptions,
  entries: readonly LeavingEntry[],
  claimMs: number,
): Promise<Error | undefined> {
  let left = entries
  while (left.length > 0) {
    const outcome = await publishAll(options, left, claimMs)
    if (outcome instanceof Error) return outcome
    if (outcome.kind === 'published') return undefined
    if (outcome.kind === 'overdue') throw new Error('the claim has ended; it is made anew')
    // Whoever published these before could not remove them.
    const { answers } = outcome
    const rest = left.filter(({ envelopeId }) => !answers.has(envelopeId))
    if (rest.length === left.length) throw new Error('a mark has just vanished; it is tried anew')
    left = rest
  }
  return undefined
}

async function publishAll(
  { queue, paceOf }: MoveOptions,
  entries: readonly LeavingEntry[],
  claimMs: number,
): Promise<PublishOnceOutcome | Error> {
  const claimedAtMs = Math.min(...entries.map(({ claimedAt }) => claimedAt.getTime()))
  try {
    return await queue.publishOnce(
      // The marks carry the ids of the rows, so a message may go in any envelope: one for each row
      // would cost a worker as many claims and settlements.
      joinEnvelopes(
        entries.map(({ queue: name, payload, messages }) => ({ queue: name, payload, messages })),
        paceOf,
      ),
      entries.map(({ envelopeId }) => ({ batchId: envelopeId, answer: NO_ANSWER })),
      new Date(claimedAtMs + claimMs),
    )
  } catch (error) {
    if (!doesHarm(error)) throw error
    return error
  }
}

/** A crash between the two steps sets it aside twice; it is never lost. */
async function setAside(
  { database, upkeep, onTrouble }: MoveOptions,
  entry: LeavingEntry,
  error: Error,
): Promise<void> {
  const { queue, payload } = entry
  onTrouble(`set aside a waiting message of ${queue}`, error)
  await upkeep.setAside([{ queue, payload, reason: reasonText(String(error)), receives: 0 }])
  await removeLeft(database, [entry])
}
