import type { EnvelopeMessage } from '../../message/messageWire.ts'
import { isInTime, isSameNumber } from '../../message/receiptMatch.ts'

export interface Submission {
  readonly message: EnvelopeMessage
  /** As receiptMatch.ts compares it. */
  readonly destination: string
  /** The time of the write to the socket. */
  readonly submittedAtMs: number
}

/** What a receipt says of its message. */
interface ReceiptKey {
  readonly connector: string
  /** The SMSC's id by the connector's rule (upstreamIdKey.ts); '' matches nothing. */
  readonly key: string
  readonly destination: string
  readonly receivedAtMs: number
}

/** The messages that are remembered, newest first, if an SMSC gives all of them the same id. */
const SAME_ID_MAX = 8

/**
 * What this process submitted lately, by connector and upstream id, so that most receipts need no
 * look-up. Bounded: a young generation that is full becomes the old one, and the old one goes, all
 * at once; the dlr-processor finds their receipts in the store. Taking the oldest entry out of one
 * large Map instead took 27 % of a worker's time: V8 walks past all that was deleted before it.
 */
export class RecentSubmissions {
  readonly #generationMax: number
  /** Submissions under one id, newest first. */
  #young = new Map<string, readonly Submission[]>()
  #old = new Map<string, readonly Submission[]>()

  /** @param max entries; at least half of them are kept */
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
   * The newest message that the receipt may be about (receiptMatch.ts). If messages of several
   * accounts fit, the dlr-processor decides; so it does about what is no longer remembered.
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

/** By the time of the write: a late answer is of an earlier one. */
function newestFirst(submissions: readonly Submission[]): Submission[] {
  return submissions.toSorted((a, b) => b.submittedAtMs - a.submittedAtMs).slice(0, SAME_ID_MAX)
}

function placeOf(connector: string, key: string): string {
  return `${connector}\n${key}`
}
