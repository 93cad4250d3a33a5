import { asError } from '../../flow/asError.ts'
import { ESME_RSYSERR, PduError } from '../../smpp/index.ts'

export interface Failure {
  commandStatus: number
  /** In words, for the trace. */
  reason: string
  /** False for a defect of ours, which the operator is told. */
  isExpected: boolean
}

/** How a message ends if its processing threw this. */
export function failureOf(error: unknown): Failure {
  const { message } = asError(error)
  return error instanceof PduError
    ? { commandStatus: error.commandStatus, reason: message, isExpected: true }
    : { commandStatus: ESME_RSYSERR, reason: `internal error: ${message}`, isExpected: false }
}
