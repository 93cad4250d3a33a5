import { checkOptions, integer, object, type Options } from '../wire/optionCheck.ts'
import { TIMER_CHECKS, type SessionTimers } from './sessionTimers.ts'

/** The settings that may change while a session is open. Missing settings keep their values. */
export interface SessionAdjustment {
  /** The number of our requests that may be unanswered. Pending requests are not affected. */
  readonly windowSize?: number
  /** In milliseconds. */
  readonly timers?: Partial<SessionTimers>
}

const ADJUSTMENT_OPTIONS: Options<SessionAdjustment> = {
  checks: { windowSize: integer(1), timers: object({ checks: TIMER_CHECKS }) },
}

export function checkAdjustment(changes: SessionAdjustment): void {
  checkOptions('adjust', changes, ADJUSTMENT_OPTIONS)
}
