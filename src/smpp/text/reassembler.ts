// Parts of long messages, held until the last is there. Parts may come in any order and repeatedly.
// What is not whole within the time limit, or does not fit into memory with the others, is handed
// out as incomplete: nothing is dropped. Everything is in memory: who answered for a part before
// its message was whole loses it with the process.

import { KeyedQueue } from './keyedQueue.ts'
import type { TextPart, UserData } from './userData.ts'
import type { Concatenation } from './userDataHeader.ts'

/** Its bounds, its clock, and who gets what does not become whole. */
export interface ReassemblerOptions<T> {
  /** A message that is not whole so long after its first part is handed out as it is. */
  readonly timeLimitMs: number
  /** Octets held at most; each part counts what it takes beside its text, too. */
  readonly octetsMax: number
  /** Never goes back: performance.now, say. */
  readonly nowMs: () => number
  /** Called from within add, expire and close. */
  readonly onIncomplete: (message: IncompleteMessage<T>) => void
}

/**
 * What may be kept with a part: nothing that has a body. The octets of a PDU are a view of all that
 * came in one read from the socket, 64 KiB, and one view keeps them all in memory.
 */
export type KeptWithPart =
  | string
  | number
  | bigint
  | boolean
  | symbol
  | null
  | undefined
  | void
  | (object & { readonly short_message?: never; readonly tlvs?: never })

/** One part, with what add was given for it. Its octets are a copy, free of the socket's buffer. */
export interface MessagePart<T> extends TextPart {
  /** From 1. */
  readonly sequence: number
  /** What add was given with it: the very object, not a copy. */
  readonly item: T
}

/** What came of a message that will not be whole. */
export interface IncompleteMessage<T> {
  /**
   * `memory`: it was the oldest when there was no room. `superseded`: a part came again with other
   * octets, so another message has its reference now.
   */
  readonly reason: 'expired' | 'memory' | 'superseded' | 'closed'
  /** How many parts it was to have. */
  readonly total: number
  /** Those that came, by sequence. */
  readonly parts: readonly MessagePart<T>[]
}

/** What a part has led to. `waiting`: `missing` parts are still to come. */
export type Reassembly<T> =
  /** By sequence; joinText and joinOctets make one of them. */
  | { readonly kind: 'whole'; readonly parts: readonly MessagePart<T>[] }
  | { readonly kind: 'waiting'; readonly missing: number }
  /** The same part came before; `item` is not kept. */
  | { readonly kind: 'duplicate' }

/** A whole message. Its octets distinguish a repeated part from a part of another message. */
interface Finished {
  readonly key: string
  readonly deadlineMs: number
  readonly parts: ReadonlyMap<number, { readonly octets: Buffer }>
  readonly octets: number
}

interface Assembly<T> extends Finished {
  readonly total: number
  readonly parts: Map<number, MessagePart<T>>
  octets: number
}

/** What a part takes beside its text: 200,000 parts of 153 octets made 1.4 KB of RSS each. */
const PART_OCTETS = 1_250

/**
 * Joins parts of long messages (TS 23.040 §9.2.3.24.1; SMPP 3.4 §5.3.2.22-24). `T` is what the
 * caller keeps with each, without it nothing: the sequence_number, say, to answer when the message
 * is whole. It has no timer of its own: call expire at nextDeadlineMs.
 */
export class Reassembler<T extends KeptWithPart = void> {
  readonly #options: ReassemblerOptions<T>
  /** In the order of their deadlines, as all have the same limit. */
  readonly #open = new KeyedQueue<Assembly<T>>()
  /** Whole ones without their items, so that a part that comes again late begins no new message. */
  readonly #done = new KeyedQueue<Finished>()
  #octets = 0

  constructor(options: ReassemblerOptions<T>) {
    this.#options = options
  }

  /** Messages that wait for parts. */
  get waiting(): number {
    return this.#open.size
  }

  /** As octetsMax counts them: all but what the caller's items take. */
  get octets(): number {
    return this.#octets
  }

  /** When expire has something to hand out, on the clock of nowMs; undefined when nothing waits. */
  get nextDeadlineMs(): number | undefined {
    return this.#open.first?.deadlineMs
  }

  /**
   * Takes a message in. Parts belong together by source, destination, reference, total and kind of
   * reference (TS 23.040 §9.2.3.24.1). A message of one part is whole at once, its octets not
   * copied. When there is no room, the oldest ones are handed out, this one at last.
   *
   * `item` is kept as it is and not counted, so it should be small and hold no octets of the PDU:
   * with whole PDUs, 4 MB as counted were 187 MB of memory.
   */
  add(source: string, destination: string, userData: UserData, item: T): Reassembly<T> {
    this.expire()
    const { concatenation } = userData
    if (!concatenation || concatenation.total === 1)
      return { kind: 'whole', parts: [partOf(userData, userData.octets, 1, item)] }
    const key = keyOf(source, destination, concatenation)
    if (this.#isRepeated(key, concatenation.sequence, userData.octets)) return { kind: 'duplicate' }
    const assembly = this.#assemblyFor(key, concatenation.total)
    this.#keep(assembly, userData, concatenation.sequence, item)
    const missing = assembly.total - assembly.parts.size
    const outcome: Reassembly<T> =
      missing === 0
        ? { kind: 'whole', parts: this.#finish(assembly) }
        : { kind: 'waiting', missing }
    this.#makeRoom()
    return outcome
  }

  /** Hands out what is over its time limit; add does so too. Call it when nothing may come. */
  expire(): void {
    const nowMs = this.#options.nowMs()
    for (let done = this.#done.first; done && done.deadlineMs <= nowMs; done = this.#done.first)
      this.#forget(this.#done, done)
    for (let open = this.#open.first; open && open.deadlineMs <= nowMs; open = this.#open.first)
      this.#handOut(open, 'expired')
  }

  /** Hands out everything that waits. */
  close(): void {
    for (let open = this.#open.first; open; open = this.#open.first) this.#handOut(open, 'closed')
    for (let done = this.#done.first; done; done = this.#done.first) this.#forget(this.#done, done)
  }

  /** Where the part differs from what came under its number, the message there makes way. */
  #isRepeated(key: string, sequence: number, octets: Buffer): boolean {
    const open = this.#open.get(key)
    const assembly = open ?? this.#done.get(key)
    const known = assembly?.parts.get(sequence)
    if (!assembly || !known) return false
    if (known.octets.equals(octets)) return true
    if (open) this.#handOut(open, 'superseded')
    else this.#forget(this.#done, assembly)
    return false
  }

  #assemblyFor(key: string, total: number): Assembly<T> {
    const known = this.#open.get(key)
    if (known) return known
    const deadlineMs = this.#options.nowMs() + this.#options.timeLimitMs
    const assembly: Assembly<T> = { key, total, deadlineMs, parts: new Map(), octets: 0 }
    this.#open.push(key, assembly)
    return assembly
  }

  #keep(assembly: Assembly<T>, userData: UserData, sequence: number, item: T): void {
    // Not from Node's pool, where a part that waits would hold 8 KiB of others' octets.
    const octets = Buffer.allocUnsafeSlow(userData.octets.length)
    userData.octets.copy(octets)
    assembly.parts.set(sequence, partOf(userData, octets, sequence, item))
    assembly.octets += octets.length + PART_OCTETS
    this.#octets += octets.length + PART_OCTETS
  }

  #finish(assembly: Assembly<T>): MessagePart<T>[] {
    const { key, octets } = assembly
    const whole = bySequence(assembly)
    const parts = new Map(whole.map((part) => [part.sequence, { octets: part.octets }]))
    const deadlineMs = this.#options.nowMs() + this.#options.timeLimitMs
    this.#open.delete(key)
    // Only of parts that somebody numbered beyond their total.
    const before = this.#done.get(key)
    if (before) this.#forget(this.#done, before)
    this.#done.push(key, { key, deadlineMs, parts, octets })
    return whole
  }

  #makeRoom(): void {
    const { octetsMax } = this.#options
    while (this.#octets > octetsMax) {
      const done = this.#done.first
      const open = this.#open.first
      if (done) this.#forget(this.#done, done)
      else if (open) this.#handOut(open, 'memory')
      else return
    }
  }

  #handOut(assembly: Assembly<T>, reason: IncompleteMessage<T>['reason']): void {
    this.#forget(this.#open, assembly)
    this.#options.onIncomplete({ reason, total: assembly.total, parts: bySequence(assembly) })
  }

  #forget(from: KeyedQueue<Assembly<T>> | KeyedQueue<Finished>, { key, octets }: Finished): void {
    if (from.delete(key)) this.#octets -= octets
  }
}

/** Addresses hold no NUL: they are C-octet strings. */
function keyOf(source: string, destination: string, { by, reference, total }: Concatenation) {
  return `${by} ${reference} ${total} ${source}\0${destination}`
}

function partOf<T>(
  { data_coding, shifts, fillBits }: UserData,
  octets: Buffer,
  sequence: number,
  item: T,
): MessagePart<T> {
  return { sequence, data_coding, octets, shifts, fillBits, item }
}

function bySequence<T>({ parts }: Assembly<T>): MessagePart<T>[] {
  return [...parts.values()].toSorted((one, other) => one.sequence - other.sequence)
}
