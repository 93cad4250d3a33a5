// Redrives dead letters: publishes their payloads to their queues again, in small batches, oldest
// first. If a redriven letter still cannot be processed, it becomes a dead letter again.
//
// If the database refuses the outcome of one message, a worker makes the whole envelope of that
// message a dead letter, although its messages were submitted. For a day, the checkpoint of the
// envelope prevents a second submission. After that day, a redrive could submit the messages twice.
// So two kinds of envelopes are never redriven: envelopes that a worker had claimed, and envelopes
// so old that their checkpoints may have been deleted. Workers never claim envelopes that they
// cannot read, or envelopes that become dead letters before they are published. Such dead letters
// are safe to redrive.

import type { Database } from '../../database/database.ts'
import { asError } from '../../flow/asError.ts'
import { envelopesClaimed } from '../../message/checkpointTable.ts'
import {
  deadLetterContent,
  type DeadLetterContent,
  isRedrivable,
  isSubmitQueue,
  itemsIn,
} from '../../queue/deadLetterContent.ts'
import { newestDeadLetter, nextDeadLetters, readDeadLetters } from '../../queue/deadLetterTable.ts'
import type { Redrive, RedrivenLetter, StoredDeadLetter } from '../../queue/queue.ts'
import type { KeptLetter, RedriveAnswer } from './deadLetterPage.ts'

/**
 * Letters per transaction. A payload has at most 64 KiB, unless an older version of Signalbox wrote
 * it.
 */
const BATCH = 50
/**
 * A redrive of a queue ends when this many letters have been kept instead of redriven. This limits
 * the number of letters that one request reads.
 */
const KEPT_MAX = 1_000
/**
 * The checkpoint of a dead letter younger than 23 hours cannot have been deleted yet. Checkpoints
 * are kept for 24 hours, and one hour is allowed for differences between clocks.
 */
const CHECKPOINT_CERTAIN_MS = 23 * 3_600_000

export type RedriveSelection =
  | { readonly ids: readonly string[] }
  | { readonly queue: string; readonly max: number }

export interface RedriveOptions {
  readonly run: Database['run']
  readonly redrive: Redrive
  readonly onRedriven: (queue: string, letters: number) => void
  readonly nowMs?: () => number
}

/**
 * Redrives the selected letters. If an error occurs after some letters have been redriven, the
 * answer contains the error as `stopped`. If no letter has been redriven, the promise is rejected
 * with the error.
 */
export async function redriveDeadLetters(
  options: RedriveOptions,
  selection: RedriveSelection,
): Promise<RedriveAnswer> {
  const work = new RedriveWork(options)
  try {
    if ('ids' in selection) await work.byIds(selection.ids)
    else await work.ofQueue(selection.queue, selection.max)
  } catch (error) {
    if (work.redriven === 0) throw error
    return { redriven: work.redriven, kept: work.kept, stopped: asError(error).message }
  }
  return { redriven: work.redriven, kept: work.kept }
}

class RedriveWork {
  readonly kept: KeptLetter[] = []
  redriven = 0
  #options: RedriveOptions

  constructor(options: RedriveOptions) {
    this.#options = options
  }

  async byIds(ids: readonly string[]): Promise<void> {
    // Ids are decimal numbers. Leading zeros do not matter, and a repeated id counts once.
    const distinct = [...new Set(ids.map((id) => String(BigInt(id))))]
    for (let at = 0; at < distinct.length; at += BATCH) {
      const some = distinct.slice(at, at + BATCH)
      const letters = await readDeadLetters(this.#options.run, some)
      const found = new Set(letters.map(({ id }) => id))
      for (const id of some) if (!found.has(id)) this.#keep(id, 'missing')
      await this.#redrive(letters)
    }
  }

  async ofQueue(queue: string, max: number): Promise<void> {
    const { run } = this.#options
    // A letter that becomes a dead letter again during this redrive has a higher id.
    const upTo = await newestDeadLetter(run)
    let after = '0'
    while (upTo !== undefined && this.redriven < max && this.kept.length < KEPT_MAX) {
      const wanted = Math.min(BATCH, max - this.redriven)
      const letters = await nextDeadLetters(run, { queue, after, upTo, max: wanted })
      const last = letters.at(-1)
      if (!last) return
      await this.#redrive(letters)
      after = last.id
    }
  }

  async #redrive(letters: readonly StoredDeadLetter[]): Promise<void> {
    const read = letters.map((letter) => ({ letter, content: deadLetterContent(letter) }))
    const submitted = await this.#perhapsSubmitted(read)
    const chosen: RedrivenLetter[] = []
    for (const { content, letter } of read) {
      if (!isRedrivable(letter.queue)) this.#keep(letter.id, 'other_queue')
      else if (submitted.has(letter.id)) this.#keep(letter.id, 'perhaps_submitted')
      else {
        const { id, payload, queue } = letter
        chosen.push({ id, queue, payload, messages: itemsIn(content) })
      }
    }
    if (chosen.length === 0) return
    const published = await this.#options.redrive(chosen)
    this.redriven += published.size
    for (const { id } of chosen) if (!published.has(id)) this.#keep(id, 'missing')
    const done = chosen.filter(({ id }) => published.has(id))
    for (const [queue, some] of Map.groupBy(done, (one) => one.queue))
      this.#options.onRedriven(queue, some.length)
  }

  /** Resolves with the ids of the letters whose messages a worker may have submitted. */
  async #perhapsSubmitted(read: readonly ReadLetter[]): Promise<Set<string>> {
    const { nowMs = Date.now, run } = this.#options
    const received = read.flatMap(({ content, letter }) =>
      content.kind === 'envelope' && isSubmitQueue(letter.queue) && letter.receives > 0
        ? [{ letter, envelopeId: content.envelopeId.toLowerCase() }]
        : [],
    )
    if (received.length === 0) return new Set()
    const claimed = await envelopesClaimed(
      run,
      received.map(({ envelopeId }) => envelopeId),
    )
    const isUncertain = ({ at }: StoredDeadLetter) => nowMs() - at.getTime() > CHECKPOINT_CERTAIN_MS
    const some = received.filter(
      ({ envelopeId, letter }) => claimed.has(envelopeId) || isUncertain(letter),
    )
    return new Set(some.map(({ letter }) => letter.id))
  }

  #keep(id: string, code: KeptLetter['code']): void {
    this.kept.push({ id, code, detail: DETAILS[code] })
  }
}

interface ReadLetter {
  readonly letter: StoredDeadLetter
  readonly content: DeadLetterContent
}

const DETAILS: Readonly<Record<KeptLetter['code'], string>> = {
  missing: 'there is no such dead letter, or somebody else is redriving it',
  other_queue: 'only letters of submit.CONNECTOR.LANE, journal and dlr can be redriven',
  perhaps_submitted:
    'a worker may have submitted its messages, so they could be sent twice; trace them instead',
}
