import { QueryRefused } from '../../database/database.ts'
import type { Outcome } from '../../message/outcomeWire.ts'

/**
 * Returns the outcome for a message whose real outcome the database permanently refuses. The reason
 * contains no refused text. If the SMSC accepted the message, or may have accepted it before it
 * expired, the command_status is 0, because a receipt may still report its final state.
 */
export function failedInstead(outcome: Outcome, error: Error): Outcome {
  const why = error instanceof QueryRefused ? `SQLSTATE ${error.sqlState}` : error.name
  return {
    kind: 'failed',
    atMs: Number.isSafeInteger(outcome.atMs) ? outcome.atMs : Date.now(),
    commandStatus: 'commandStatus' in outcome ? outcome.commandStatus : 0,
    reason: `the outcome could not be stored (${why})`,
  }
}
