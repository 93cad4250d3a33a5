import type { RequestOutcome } from '../session/sessionTypes.ts'
import { SmppConnectError } from '../transport/smppConnectError.ts'
import { commandStatusName } from '../wire/commandStatus.ts'
import type { BindCommand } from '../wire/pduTable.ts'

/** The peer answered the bind with this command_status. */
export class BindRefusedError extends Error {
  /** Always the same. */
  readonly code = 'BIND_REFUSED'
  /** From bind_resp or generic_nack. commandStatusName gives its name. */
  readonly commandStatus: number

  constructor(commandStatus: number, message: string) {
    super(message)
    this.name = 'BindRefusedError'
    this.commandStatus = commandStatus
  }
}

/**
 * The error for a peer that accepted the connection and then closed it without an answer. Over TLS
 * 1.3 a refused certificate looks the same: the peer sees it only after our handshake is complete.
 */
export function closedError(
  where: string,
  { command, tls }: { readonly command: BindCommand; readonly tls?: boolean | object },
): SmppConnectError {
  const hasCertificate = typeof tls === 'object' && ('cert' in tls || 'pfx' in tls)
  const hint = !tls
    ? 'It may want TLS (tls: true), or not know our address'
    : hasCertificate
      ? 'It may not accept our certificate: set tls.cert and tls.key to one of a CA that it trusts'
      : 'It may want a certificate of ours (tls.cert and tls.key), or not know our address'
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
