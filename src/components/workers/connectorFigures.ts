// Counters of one process's work for a connector, in plain numbers that are cheap to update for
// each message. The metrics read them at each scrape.

import { Histogram } from '../../flow/histogram.ts'
import { ANSWER_SECONDS, STAGE_SECONDS } from '../../runtime/metricDefinition.ts'
import type { RequestOutcome } from '../../smpp/index.ts'
import type { RepeatCause } from './submitLane.ts'

export class ConnectorFigures {
  /** Messages by outcome. */
  readonly outcomes = { submitted: 0, failed: 0, deferred: 0, expired: 0, purged: 0, moved: 0 }
  /** Repeated submissions of messages that the SMSC may already have, by cause. */
  readonly resubmitted: Record<RepeatCause, number> = { no_answer: 0, link_lost: 0, taken_over: 0 }
  /** Responses to submit_sm by command_status. */
  readonly responses = new Map<number, number>()
  readonly responseSeconds = new Histogram(ANSWER_SECONDS)
  readonly acceptToSubmitSeconds = new Histogram(STAGE_SECONDS)

  /** Counts responses, including those that arrived after the response timeout. */
  addOutcome(outcome: RequestOutcome, tookMs: number): void {
    if (outcome.kind !== 'response' && outcome.kind !== 'late') return
    const { command_status: commandStatus } = outcome.pdu
    this.responses.set(commandStatus, (this.responses.get(commandStatus) ?? 0) + 1)
    this.responseSeconds.observe(tookMs / 1_000)
  }

  addSubmitted(sinceAcceptanceMs: number): void {
    this.outcomes.submitted++
    this.acceptToSubmitSeconds.observe(sinceAcceptanceMs / 1_000)
  }
}
