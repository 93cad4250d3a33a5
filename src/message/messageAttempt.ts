import type { MessageId } from './ids.ts'
import type { JournalEvent } from './journalWire.ts'
import type { RepeatReason } from './repeats.ts'

/**
 * An unfinished attempt: after this attempt to submit the message, the message was not yet in a
 * final state.
 */
export interface MessageAttempt extends Readonly<Record<RepeatReason, number>> {
  readonly messageId: MessageId
  /** The number of the attempt, counted from 1. */
  readonly attempt: number
  readonly connector: string
  /** When the attempt's first submission ended. */
  readonly firstAtMs: number
  /** When the attempt's last submission ended. */
  readonly atMs: number
  /** The command_status of the last answer; 0 if there was no answer. */
  readonly commandStatus: number
  /**
   * When the next attempt is due. Not after `atMs` if the worker resubmitted the message
   * immediately.
   */
  readonly dueAtMs: number
}

/** How many of the first and how many of the last attempts of each message are kept. */
export const FIRST_ATTEMPTS_KEPT = 5
export const LAST_ATTEMPTS_KEPT = 15

/**
 * Returns the slot in which an attempt is stored. Each message has a fixed number of slots for its
 * attempts. The first attempts have their own slots. Later attempts use the remaining slots in
 * rotation, so that a new attempt replaces the oldest attempt in these slots.
 */
export function slotOf({ attempt }: MessageAttempt): number {
  if (attempt <= FIRST_ATTEMPTS_KEPT) return attempt
  return FIRST_ATTEMPTS_KEPT + 1 + ((attempt - FIRST_ATTEMPTS_KEPT - 1) % LAST_ATTEMPTS_KEPT)
}

/**
 * Returns the unfinished attempt that an event reports, or undefined if the event reports only a
 * final submission.
 */
export function attemptOf(event: JournalEvent): MessageAttempt | undefined {
  const { message, connector, repeats, kind } = event
  const ofMessage = { messageId: message.messageId, attempt: message.attempts + 1, connector }
  const { throttled = 0, unanswered = 0, linksLost = 0 } = repeats ?? {}
  const counts = { throttled, unanswered, linksLost }
  if (kind === 'deferred') {
    const { atMs, commandStatus, dueAtMs } = event
    const firstAtMs = repeats?.firstAtMs ?? atMs
    return { ...ofMessage, ...counts, firstAtMs, atMs, commandStatus, dueAtMs }
  }
  if (!repeats) return undefined
  const { firstAtMs, lastAtMs: atMs, commandStatus } = repeats
  return { ...ofMessage, ...counts, firstAtMs, atMs, commandStatus, dueAtMs: atMs }
}

/**
 * Returns the newest attempt of each slot, sorted so that all writers lock rows in the same order.
 */
export function newestPerSlot(attempts: readonly MessageAttempt[]): MessageAttempt[] {
  const newest = new Map<string, MessageAttempt>()
  for (const one of attempts) {
    const key = keyOf(one)
    const known = newest.get(key)
    if (!known || isNewer(one, known)) newest.set(key, one)
  }
  return [...newest].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one)
}

function keyOf(one: MessageAttempt): string {
  return `${one.messageId} ${String(slotOf(one)).padStart(2, '0')}`
}

function isNewer(a: MessageAttempt, b: MessageAttempt): boolean {
  return a.attempt > b.attempt || (a.attempt === b.attempt && a.atMs > b.atMs)
}
