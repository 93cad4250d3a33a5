// Records the outcome of a task's message, together with the earlier submissions of the same
// attempt. Most messages have no earlier submissions, so only the outcome is written.

import type { SteadyClock } from '../../flow/steadyClock.ts'
import type { Outcome } from '../../message/outcomeWire.ts'
import { type RepeatReason, type Repeats, withRepeat } from '../../message/repeats.ts'
import type { OutcomeWriter } from './outcomeWriter.ts'
import type { RepeatCause, Task } from './submitLane.ts'

export interface TaskOutcomesOptions {
  writer: OutcomeWriter
  clock: SteadyClock
}

export class TaskOutcomes {
  #options: TaskOutcomesOptions

  constructor(options: TaskOutcomesOptions) {
    this.#options = options
  }

  record({ work, index, repeats }: Task, outcome: Outcome): void {
    this.#options.writer.record(work, index, repeats ? { ...outcome, repeats } : outcome)
  }

  /** Counts a throttled submission. Returns the number of throttled submissions in this attempt. */
  throttled(task: Task, commandStatus: number): number {
    return this.#repeated(task, 'throttled', commandStatus).throttled
  }

  /** Counts a submission without an answer. */
  unanswered(task: Task, cause: Exclude<RepeatCause, 'taken_over'>): void {
    this.#repeated(task, cause === 'no_answer' ? 'unanswered' : 'linksLost', 0)
  }

  /**
   * Publishes the repeated submission immediately, so that the trace shows it before the next
   * answer.
   */
  submittedAgain({ message, repeats, work }: Task): void {
    if (!repeats) return
    const { lastAtMs: atMs, commandStatus } = repeats
    const told = { kind: 'deferred', atMs, commandStatus, dueAtMs: atMs, repeats } as const
    this.#options.writer.late(work, message, told)
  }

  #repeated(task: Task, reason: RepeatReason, commandStatus: number): Repeats {
    const atMs = this.#options.clock.nowMs()
    return (task.repeats = withRepeat(task.repeats, reason, { atMs, commandStatus }))
  }
}
