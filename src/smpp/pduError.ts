import { commandStatusName } from './commandStatus.ts'

/** Octets that are no PDU, or fields that cannot be put on the wire. `commandStatus` answers it. */
export class PduError extends Error {
  readonly code = 'SMPP_PDU'
  readonly commandStatus: number
  readonly field: string

  constructor(commandStatus: number, field: string, reason: string) {
    super(`${field}: ${reason} (${commandStatusName(commandStatus)})`)
    this.name = 'PduError'
    this.commandStatus = commandStatus
    this.field = field
  }
}
