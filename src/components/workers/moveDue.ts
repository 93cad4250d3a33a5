// Moves messages that waited for another attempt back to their queue when they are due. Each
// message is moved exactly once. The comments in message/waitingMessageTable.ts explain what
// happens if a process stops between two steps.

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
  /**
   * A search that continues where the last call ended. Without it, each call searches from the
   * start.
   */
  search?: DueSearch
  /**
   * The pace of a connector in messages a second. It limits an envelope to a few seconds of
   * messages.
   */
  paceOf: (connector: string) => number
  /** Queues whose waiting messages are all moved now, even if they are not due yet. */
  clearedQueues?: readonly string[]
}

/**
 * The maximum number of rows in one transaction. If more queues than this have due rows, one row of
 * each queue is taken, so the transaction has more rows. Most rows hold a message of a few hundred
 * octets, and no row holds more than an envelope.
 */
const LATER_BATCH = 500
/**
 * The duration of a claim, which is longer than any statement takes. Messages that a dead process
 * had claimed wait until the claim ends.
 */
const CLAIM_MS = 20_000
const NO_ANSWER = Buffer.alloc(0)

/** Moves one batch of due messages and returns how many were claimed. */
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

/** Publishes the entries. Returns the error if the queue permanently refuses one of them. */
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
    if (outcome.kind === 'overdue')
      throw new Error('the claim has ended; the messages will be claimed again')
    // Another process published the entries in `answers` but did not remove their rows.
    const { answers } = outcome
    const rest = left.filter(({ envelopeId }) => !answers.has(envelopeId))
    if (rest.length === left.length)
      throw new Error('the record of a publication was just removed; the rows are claimed again')
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
      // The messages are joined into fewer envelopes, because one envelope per row would cost the
      // workers a claim and a settlement per message. The queue still records each row
      // separately as published.
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

/**
 * Sets an entry aside. The entry becomes a dead letter before its row is removed, so a crash may
 * duplicate the entry but never loses it.
 */
async function setAside(
  { database, upkeep, onTrouble }: MoveOptions,
  entry: LeavingEntry,
  error: Error,
): Promise<void> {
  const { queue, payload } = entry
  onTrouble(`a waiting message of ${queue} was set aside`, error)
  await upkeep.setAside([{ queue, payload, reason: reasonText(String(error)), receives: 0 }])
  await removeLeft(database, [entry])
}
