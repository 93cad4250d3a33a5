import { commandStatusName } from './commandStatus.ts'

/** Octets that are no PDU, or fields that cannot be put on the wire. `commandStatus` answers it. */
export class PduError extends Error {
  /** The same for each of them. */
  readonly code = 'SMPP_PDU'
  /** What answers a request like that. */
  readonly commandStatus: number
  /** The field or TLV that is wrong, by its name in the specification. */
  readonly field: string

  constructor(commandStatus: number, field: string, reason: string) {
    super(`${field}: ${reason} (${commandStatusName(commandStatus)})`)
    this.name = 'PduError'
    this.commandStatus = commandStatus
    this.field = field
  }
}
