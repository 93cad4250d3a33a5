// How much lies on each queue, without a look at all of it. The exporters read this every two
// seconds, and a count of the whole table took 300 ms for a million envelopes, and as long again
// for each million settled ones that an old transaction keeps in the table.
//
// Ids rise, and queues are received in their order. So a process remembers the count of all older
// envelopes in slices of each queue, and a reading counts only what can have changed: the tail,
// which is everything that was published in the last half minute, and the first slices of each
// queue, from which envelopes leave. Envelopes that leave from the middle of a queue, as some do
// after a crash, are noticed when everything is counted anew, every ten minutes.

import type { QueueDepth } from '../queue.ts'
import type { SqlRunner } from './postgresQueue.ts'
import { DEPTHS_BOUNDARY, DEPTHS_RECOUNT, DEPTHS_TAIL, DEPTHS_WALK } from './queueTable.ts'

/** Consecutive envelopes of a queue. */
interface Slice {
  first: number
  last: number
  envelopes: number
  messages: number
  oldestMs: number
}

interface TailSlice extends Slice {
  /** By the clock of the database. */
  atMs: number
  /** Null in the only row if the tail is empty. */
  queue: string | null
  isOld: boolean
}

export interface QueueDepthsOptions {
  /** An envelope that was published so long ago is part of the tail no more. */
  youngMs?: number
  now?: () => number
}

/** Longer than any statement lasts: whatever has an older id is committed. */
const YOUNG_MS = 20_000
/** Ids and times of publication may come in another order by this much. */
const DISORDER_MS = 10_000
const RECOUNT_MS = 10 * 60_000
const SLICE_ROWS = 200
/** Envelopes that one statement counts when everything is counted. */
const WALK_ROWS = 20_000
/**
 * Slices of a queue that one statement looks at. The envelopes that were left over fill the first,
 * and those that are received lie in the second.
 */
const HEAD_SLICES = 2
/** Queues whose first slices a reading looks at; with more of them, they take turns. */
const HEADS_MAX = 100

export class QueueDepths {
  #sql: SqlRunner
  #youngMs: number
  #now: () => number
  /** The envelopes below the tail, by queue. */
  #slices = new Map<string, Slice[]>()
  /** The tail starts at this id. */
  #tailFrom = 0
  /** When the tail was read last, by the clock of the database. */
  #readAtMs = 0
  /** When everything was counted last; undefined if that must be done now. */
  #countedAtMs: number | undefined
  #headsSeen = 0
  #reading: Promise<QueueDepth[]> | undefined

  constructor(sql: SqlRunner, { now, youngMs }: QueueDepthsOptions = {}) {
    this.#sql = sql
    this.#youngMs = youngMs ?? YOUNG_MS
    this.#now = now ?? (() => performance.now())
  }

  /** The depth of every queue that is not empty. Whoever asks during a reading shares it. */
  read(): Promise<QueueDepth[]> {
    this.#reading ??= this.#read().finally(() => (this.#reading = undefined))
    return this.#reading
  }

  async #read(): Promise<QueueDepth[]> {
    const countedAtMs = this.#countedAtMs
    // It stays undefined if a statement fails, because the slices may then be wrong.
    this.#countedAtMs = undefined
    if (countedAtMs !== undefined && this.#now() < countedAtMs + RECOUNT_MS) {
      await this.#recountHeads()
      const tail = await this.#readTail()
      this.#countedAtMs = countedAtMs
      return this.#depths(tail)
    }
    const nowMs = this.#now()
    await this.#countAll()
    const tail = await this.#readTail()
    this.#countedAtMs = nowMs
    return this.#depths(tail)
  }

  async #countAll(): Promise<void> {
    const values = [this.#youngMs]
    const [row] = await this.#sql.run<{ atMs: number; id: number | null }>(DEPTHS_BOUNDARY, values)
    this.#slices.clear()
    this.#readAtMs = row?.atMs ?? 0
    this.#tailFrom = (row?.id ?? 0) + 1
    let after: [queue: string, id: number] = ['', 0]
    for (let counted = WALK_ROWS; counted === WALK_ROWS;) {
      const walk = [...after, this.#tailFrom, WALK_ROWS, SLICE_ROWS]
      const slices = await this.#sql.run<Slice & { queue: string }>(DEPTHS_WALK, walk)
      counted = 0
      for (const { queue, ...slice } of slices) {
        this.#append(queue, slice)
        counted += slice.envelopes
        after = [queue, slice.last]
      }
    }
  }

  /** Old envelopes of the tail become slices. The others are the new tail. */
  async #readTail(): Promise<Map<string, Slice[]>> {
    const sinceMs = this.#readAtMs - this.#youngMs - DISORDER_MS
    const values = [this.#tailFrom, sinceMs, this.#youngMs, SLICE_ROWS]
    const rows = await this.#sql.run<TailSlice>(DEPTHS_TAIL, values)
    const tail = new Map<string, Slice[]>()
    for (const { atMs, isOld, queue, ...slice } of rows) {
      this.#readAtMs = atMs
      if (queue === null) continue
      if (isOld) {
        this.#append(queue, slice)
        this.#tailFrom = Math.max(this.#tailFrom, slice.last + 1)
      } else if (!tail.get(queue)?.push(slice)) tail.set(queue, [slice])
    }
    return tail
  }

  async #recountHeads(): Promise<void> {
    const all = [...this.#slices.keys()]
    const from = all.length > HEADS_MAX ? this.#headsSeen % all.length : 0
    this.#headsSeen = from + HEADS_MAX
    const heads = [...all.slice(from), ...all.slice(0, from)].slice(0, HEADS_MAX)
    let changed = heads
    for (let at = 0; changed.length > 0; at += HEAD_SLICES) {
      const looks = changed.flatMap((queue) => {
        const slices = this.#slices.get(queue)?.slice(at, at + HEAD_SLICES) ?? []
        return slices.map((slice) => ({ queue, slice }))
      })
      changed = await this.#recount(looks)
    }
    for (const queue of heads) this.#tidy(queue)
  }

  /** Answers the queues of which the last of these slices has changed. */
  async #recount(looks: readonly { queue: string; slice: Slice }[]): Promise<string[]> {
    if (looks.length === 0) return []
    const left = await this.#sql.run<Slice>(DEPTHS_RECOUNT, [
      looks.map(({ queue }) => queue),
      looks.map(({ slice }) => slice.first),
      looks.map(({ slice }) => slice.last),
    ])
    const changed = new Map<string, boolean>()
    for (const [index, { queue, slice }] of looks.entries()) {
      const now = left[index]
      changed.set(queue, now?.envelopes !== slice.envelopes)
      Object.assign(slice, now)
    }
    return [...changed].flatMap(([queue, hasChanged]) => (hasChanged ? [queue] : []))
  }

  /** Removes slices that are empty, and joins those that have become small. */
  #tidy(queue: string): void {
    const slices = this.#slices.get(queue) ?? []
    this.#slices.delete(queue)
    for (const slice of slices) if (slice.envelopes > 0) this.#append(queue, slice)
  }

  #append(queue: string, slice: Slice): void {
    const slices = this.#slices.get(queue)
    const last = slices?.at(-1)
    if (!slices) this.#slices.set(queue, [slice])
    else if (!last || last.envelopes + slice.envelopes > SLICE_ROWS) slices.push(slice)
    else slices[slices.length - 1] = joined(last, slice)
  }

  #depths(tail: ReadonlyMap<string, readonly Slice[]>): QueueDepth[] {
    const queues = new Set([...this.#slices.keys(), ...tail.keys()])
    return [...queues].map((queue) => {
      const slices = [...(this.#slices.get(queue) ?? []), ...(tail.get(queue) ?? [])]
      const all = slices.reduce(joined)
      return {
        queue,
        envelopes: all.envelopes,
        messages: all.messages,
        oldestAgeSeconds: Math.max(0, this.#readAtMs - all.oldestMs) / 1_000,
      }
    })
  }
}

function joined(one: Slice, next: Slice): Slice {
  return {
    first: one.first,
    last: next.last,
    envelopes: one.envelopes + next.envelopes,
    messages: one.messages + next.messages,
    oldestMs: Math.min(one.oldestMs, next.oldestMs),
  }
}
