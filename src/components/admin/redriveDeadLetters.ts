// Redrives dead letters: publishes their payloads to their queues again, in small batches, oldest
// first. A letter that cannot be processed again simply becomes a dead letter again.
//
// A worker sets aside a whole envelope if the database refuses the outcome of one of its messages.
// The messages of that envelope were submitted. For a day its checkpoint prevents a second
// submission; later nothing would, however long the envelope waits on its queue. So an envelope
// that a worker had claimed is never redriven, nor one that is so old that its checkpoint may have
// been forgotten. Envelopes that no worker could read were never claimed, and neither were waiting
// messages that were set aside before they were published.

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

/** Letters per transaction. A payload has at most 64 KiB, except those of older versions. */
const BATCH = 50
/** Work ends once this many letters were kept, so that one request reads a bounded number. */
const KEPT_MAX = 1_000
/** Checkpoints are kept for a day. An hour allows for clocks that differ. */
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

/** Rejects only if no letter was redriven. Otherwise an error is part of the answer. */
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
    // Letters that return while this runs have higher ids.
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

  /** The ids of letters whose messages a worker may have submitted. */
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
