import type { RequestOutcome } from '../session/sessionTypes.ts'
import { SmppConnectError } from '../transport/smppConnectError.ts'
import { commandStatusName } from '../wire/commandStatus.ts'
import type { BindCommand } from '../wire/pduTable.ts'

/** The peer refused the bind. `commandStatus` is the command_status of its answer. */
export class BindRefusedError extends Error {
  /** The same value for every refusal. */
  readonly code = 'BIND_REFUSED'
  /** The command_status of bind_resp or generic_nack. `commandStatusName` gives its name. */
  readonly commandStatus: number

  constructor(commandStatus: number, message: string) {
    super(message)
    this.name = 'BindRefusedError'
    this.commandStatus = commandStatus
  }
}

/**
 * The error for a peer that accepted the connection and then closed it without an answer. With TLS
 * 1.3, a peer that rejects our certificate looks the same, because it checks the certificate after
 * our side of the handshake is complete.
 */
export function closedError(
  where: string,
  { command, tls }: { readonly command: BindCommand; readonly tls?: boolean | object },
): SmppConnectError {
  const hasCertificate = typeof tls === 'object' && ('cert' in tls || 'pfx' in tls)
  const hint = !tls
    ? 'The peer may require TLS (tls: true), or may not allow our address'
    : hasCertificate
      ? 'The peer may not accept our certificate: use tls.cert and tls.key from a CA that it trusts'
      : 'The peer may require a client certificate (tls.cert and tls.key), or not allow our address'
  return new SmppConnectError('CLOSED', `${closedBefore(command, where)}. ${hint}`)
}

function closedBefore(command: BindCommand, where: string): string {
  return `${where} closed before it answered ${command}`
}

/** The error for the outcome of a bind; undefined if the bind succeeded. */
export function bindError(
  outcome: RequestOutcome,
  command: BindCommand,
  where: string,
): SmppConnectError | BindRefusedError | undefined {
  switch (outcome.kind) {
    case 'timeout':
      return new SmppConnectError('BIND_TIMEOUT', `${where} did not answer ${command}`)
    case 'closed':
      return new SmppConnectError('CLOSED', closedBefore(command, where))
    case 'late':
      return undefined
    case 'response': {
      const { command_status } = outcome.pdu
      if (command_status === 0 && outcome.pdu.command !== 'generic_nack') return undefined
      const reason = `${where} refused ${command}: ${commandStatusName(command_status)}`
      return new BindRefusedError(command_status, reason)
    }
  }
}
