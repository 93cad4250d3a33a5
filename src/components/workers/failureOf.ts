import { asError } from '../../flow/asError.ts'
import { ESME_RSYSERR, PduError } from '../../smpp/index.ts'

export interface Failure {
  commandStatus: number
  /** The reason shown in the message's trace. */
  reason: string
  /** False for a defect of this program, which is reported to the operator. */
  isExpected: boolean
}

/** Describes how a message fails if processing it threw this error. */
export function failureOf(error: unknown): Failure {
  const { message } = asError(error)
  return error instanceof PduError
    ? { commandStatus: error.commandStatus, reason: message, isExpected: true }
    : { commandStatus: ESME_RSYSERR, reason: `internal error: ${message}`, isExpected: false }
}
