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
 * Our requests that are not answered yet, by sequence_number (SMPP 3.4 §2.7). Requests whose timer
 * has run out are remembered, the last 1,000 of them, so that a late answer is still told.
 */
export class RequestWindow {
  readonly #pending = new Map<number, PendingRequest>()
  readonly #late = new Map<number, PendingRequest>()
  /** May change at any time; a smaller one leaves those that are under way alone. */
  sizeMax: number
  /** From a request to its `timeout`; Infinity for never. May change at any time. */
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

  /** 1..0x7FFFFFFF, then 1 again, passing over those still in use. The same until it is used. */
  nextSequence(): number {
    let sequence = this.#lastSequence
    do {
      sequence = sequence >= SEQUENCE_MAX ? 1 : sequence + 1
    } while (this.#pending.has(sequence) || this.#late.has(sequence))
    return sequence
  }

  /** It was sent. `add` says so too. */
  used(sequence: number): void {
    this.#lastSequence = sequence
  }

  /**
   * `responseId`: the command_id its response has. `sentAtMs` must not decrease from one request to
   * the next.
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

  /** Whether a response of this id belongs to one of our requests; generic_nack fits any. */
  expects(sequence: number, responseId: number, isNack: boolean): boolean {
    const request = this.#pending.get(sequence) ?? this.#late.get(sequence)
    return request !== undefined && (isNack || request.responseId === responseId)
  }

  /** When a request left that may still be answered. */
  sentAtMs(sequence: number): number | undefined {
    return (this.#pending.get(sequence) ?? this.#late.get(sequence))?.sentAtMs
  }

  /** Call only when `expects` said so. */
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

  /** The same timer holds for all, so the oldest come first and the rest need no look. */
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
