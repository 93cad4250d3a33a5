import type { Pdu } from '../wire/pduTable.ts'
import type { RequestOutcome } from './sessionTypes.ts'

const SEQUENCE_MAX = 0x7fffffff
const LATE_MAX = 1000

interface PendingRequest {
  readonly responseId: number
  readonly sentAtMs: number
  readonly onOutcome: (outcome: RequestOutcome) => void
}

/**
 * Our unanswered requests by sequence_number (SMPP 3.4 §2.7). The last 1,000 requests that timed
 * out are remembered, so that a late response is still reported.
 */
export class RequestWindow {
  readonly #pending = new Map<number, PendingRequest>()
  readonly #late = new Map<number, PendingRequest>()
  /** May change at any time. A smaller size does not affect requests that are already pending. */
  sizeMax: number
  /** The time from a request to its `timeout`; Infinity for no limit. May change at any time. */
  timeoutMs: number
  #lastSequence: number

  constructor(sizeMax: number, timeoutMs: number, lastSequence = 0) {
    this.sizeMax = sizeMax
    this.timeoutMs = timeoutMs
    this.#lastSequence = lastSequence
  }

  get free(): number {
    return Math.max(0, this.sizeMax - this.#pending.size)
  }

  get size(): number {
    return this.#pending.size
  }

  /**
   * The next free sequence_number. The numbers run from 1 to 0x7FFFFFFF and then start at 1 again.
   * Numbers that are still in use are skipped. Repeated calls return the same number until `used`
   * or `add` is called.
   */
  nextSequence(): number {
    let sequence = this.#lastSequence
    do {
      sequence = sequence >= SEQUENCE_MAX ? 1 : sequence + 1
    } while (this.#pending.has(sequence) || this.#late.has(sequence))
    return sequence
  }

  /**
   * Marks the number as used by a PDU that the window does not track. `add` also marks its number
   * as used.
   */
  used(sequence: number): void {
    this.#lastSequence = sequence
  }

  /**
   * Adds a request that was sent. `responseId` is the command_id of its response. `sentAtMs` must
   * not decrease from one request to the next.
   */
  add(
    responseId: number,
    sequence: number,
    sentAtMs: number,
    onOutcome: PendingRequest['onOutcome'],
  ): void {
    this.#lastSequence = sequence
    this.#pending.set(sequence, { responseId, sentAtMs, onOutcome })
  }

  /** Whether the response belongs to one of our requests. A generic_nack may answer any request. */
  expects(sequence: number, responseId: number, isNack: boolean): boolean {
    const request = this.#pending.get(sequence) ?? this.#late.get(sequence)
    return request !== undefined && (isNack || request.responseId === responseId)
  }

  /** The time when a request was sent; undefined if no answer to it is expected. */
  sentAtMs(sequence: number): number | undefined {
    return (this.#pending.get(sequence) ?? this.#late.get(sequence))?.sentAtMs
  }

  /** Call only if `expects` has returned true. */
  settle(sequence: number, pdu: Pdu): void {
    const request = this.#pending.get(sequence)
    if (request) {
      this.#pending.delete(sequence)
      request.onOutcome({ kind: 'response', pdu })
      return
    }
    const late = this.#late.get(sequence)
    this.#late.delete(sequence)
    late?.onOutcome({ kind: 'late', pdu })
  }

  /**
   * All requests have the same timeout, so the loop ends at the first request that has not timed
   * out.
   */
  expire(nowMs: number): void {
    for (const [sequence, request] of this.#pending) {
      if (request.sentAtMs + this.timeoutMs > nowMs) return
      this.#pending.delete(sequence)
      this.#remember(sequence, request)
      request.onOutcome({ kind: 'timeout' })
    }
  }

  #remember(sequence: number, request: PendingRequest): void {
    if (this.#late.size >= LATE_MAX)
      for (const oldest of this.#late.keys()) {
        this.#late.delete(oldest)
        break
      }
    this.#late.set(sequence, request)
  }

  close(): void {
    const pending = [...this.#pending.values()]
    this.#pending.clear()
    this.#late.clear()
    for (const { onOutcome } of pending) onOutcome({ kind: 'closed' })
  }
}
