import type { EnvelopeMessage } from '../../message/messageWire.ts'
import { isInTime, isSameNumber } from '../../message/receiptMatch.ts'

export interface Submission {
  readonly message: EnvelopeMessage
  /** The destination in the form that receiptMatch.ts compares. */
  readonly destination: string
  /** The time of the write to the socket. */
  readonly submittedAtMs: number
}

/** The fields of a receipt that identify its message. */
interface ReceiptKey {
  readonly connector: string
  /** The key of the message id that the SMSC assigned (upstreamIdKey.ts). '' matches no message. */
  readonly key: string
  readonly destination: string
  readonly receivedAtMs: number
}

/** The most messages remembered under one id. The newest are kept. */
const SAME_ID_MAX = 8

/**
 * Remembers the recent submissions of this process by connector and upstream id, so that most
 * receipts are matched without a database query. Memory is bounded by two generations. When the
 * young generation is full, it replaces the old generation, which is discarded as a whole. The
 * dlr-processor finds the messages of discarded entries in the database. A former version deleted
 * the oldest entry of one large Map. That took 27 % of a worker's time, because V8 walks past all
 * entries that were deleted earlier.
 */
export class RecentSubmissions {
  readonly #generationMax: number
  /** The submissions under each id, newest first. */
  #young = new Map<string, readonly Submission[]>()
  #old = new Map<string, readonly Submission[]>()

  /** @param max the most ids to remember; at least the newest half of them is always kept */
  constructor(max = 50_000) {
    this.#generationMax = Math.ceil(max / 2)
  }

  remember(connector: string, key: string, submission: Submission): void {
    if (key === '') return
    if (this.#young.size >= this.#generationMax) {
      this.#old = this.#young
      this.#young = new Map()
    }
    const place = placeOf(connector, key)
    const known = this.#young.get(place) ?? this.#old.get(place)
    this.#young.set(place, known ? newestFirst([submission, ...known]) : [submission])
  }

  /**
   * Returns the newest message that the receipt may belong to (receiptMatch.ts). Returns undefined
   * if messages of several accounts match, or if no remembered message matches. In both cases the
   * dlr-processor searches the database.
   */
  find({ connector, key, destination, receivedAtMs }: ReceiptKey): Submission | undefined {
    if (key === '') return undefined
    const place = placeOf(connector, key)
    let found: Submission | undefined
    const known = this.#young.get(place) ?? this.#old.get(place) ?? []
    for (const one of known) {
      const fits =
        isInTime(one.submittedAtMs, receivedAtMs) && isSameNumber(one.destination, destination)
      if (!fits) continue
      if (found && found.message.account !== one.message.account) return undefined
      found ??= one
    }
    return found
  }
}

/** Sorts by the time of the write, because a late answer may belong to an earlier submission. */
function newestFirst(submissions: readonly Submission[]): Submission[] {
  return submissions.toSorted((a, b) => b.submittedAtMs - a.submittedAtMs).slice(0, SAME_ID_MAX)
}

function placeOf(connector: string, key: string): string {
  return `${connector}\n${key}`
}
