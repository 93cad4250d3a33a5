import { QueryRefused } from '../../database/database.ts'
import type { Outcome } from '../../message/outcomeWire.ts'

/**
 * Ends a message whose own outcome the store refuses for good. The reason holds nothing of what was
 * refused. A message that the SMSC took, or may have taken before it expired, fails without a
 * command_status: a receipt may still say what became of it.
 */
export function failedInstead(outcome: Outcome, error: Error): Outcome {
  const why = error instanceof QueryRefused ? `SQLSTATE ${error.sqlState}` : error.name
  return {
    kind: 'failed',
    atMs: Number.isSafeInteger(outcome.atMs) ? outcome.atMs : Date.now(),
    commandStatus: 'commandStatus' in outcome ? outcome.commandStatus : 0,
    reason: `its outcome could not be stored (${why})`,
  }
}
