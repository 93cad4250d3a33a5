import { commandStatusName } from './commandStatus.ts'

/** Octets that cannot be decoded as a PDU, or fields that cannot be encoded. */
export class PduError extends Error {
  /** The same for every PduError. */
  readonly code = 'SMPP_PDU'
  /** The command_status with which to answer a request that has this fault. */
  readonly commandStatus: number
  /** The name of the invalid field or TLV in the specification. */
  readonly field: string

  constructor(commandStatus: number, field: string, reason: string) {
    super(`${field}: ${reason} (${commandStatusName(commandStatus)})`)
    this.name = 'PduError'
    this.commandStatus = commandStatus
    this.field = field
  }
}
