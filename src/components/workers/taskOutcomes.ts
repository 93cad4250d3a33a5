// Records what becomes of a task's message, and the submissions of the same attempt that went
// before. An ordinary message has no such submissions, and then nothing more is written.

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

  /** The SMSC throttled; answers how often it did so in this attempt. */
  throttled(task: Task, commandStatus: number): number {
    return this.#repeated(task, 'throttled', commandStatus).throttled
  }

  /** No answer came. */
  unanswered(task: Task, cause: Exclude<RepeatCause, 'taken_over'>): void {
    this.#repeated(task, cause === 'no_answer' ? 'unanswered' : 'linksLost', 0)
  }

  /** The message is submitted again. Its next answer may take long, so its trace tells now. */
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
