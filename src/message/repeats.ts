// Counts the submissions of one attempt that had no outcome, because the SMSC throttled the message
// or did not answer, or because the link was lost. After such a submission, the worker submitted
// the message again without letting it wait in the database.

export const REPEAT_REASONS = ['throttled', 'unanswered', 'linksLost'] as const
export type RepeatReason = (typeof REPEAT_REASONS)[number]

export interface Repeats extends Readonly<Record<RepeatReason, number>> {
  readonly firstAtMs: number
  readonly lastAtMs: number
  /** The command_status of the last answer; 0 if there was no answer. */
  readonly commandStatus: number
}

const NO_REPEATS = { throttled: 0, unanswered: 0, linksLost: 0 }

/** Adds one submission to the counts of earlier submissions, if there are any. */
export function withRepeat(
  before: Repeats | undefined,
  reason: RepeatReason,
  { atMs, commandStatus }: { atMs: number; commandStatus: number },
): Repeats {
  const counts = before ?? { ...NO_REPEATS, firstAtMs: atMs }
  return { ...counts, [reason]: counts[reason] + 1, lastAtMs: atMs, commandStatus }
}

export type RepeatsRow = readonly [number, number, number, number, number, number]

export function repeatsRow(one: Repeats): RepeatsRow {
  const { firstAtMs, lastAtMs, commandStatus, throttled, unanswered, linksLost } = one
  return [firstAtMs, lastAtMs, commandStatus, throttled, unanswered, linksLost]
}

export function repeatsFrom(row: RepeatsRow): Repeats {
  const [firstAtMs, lastAtMs, commandStatus, throttled, unanswered, linksLost] = row
  return { firstAtMs, lastAtMs, commandStatus, throttled, unanswered, linksLost }
}
