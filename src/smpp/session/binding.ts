import * as status from '../wire/commandStatus.ts'
import { type InterfaceVersion, lowerVersion } from '../wire/interfaceVersion.ts'
import type { OutboundRequests } from './outboundRequests.ts'
import type { PduReader } from './pduReader.ts'
import type { PduWriter } from './pduWriter.ts'
import { BOUND_STATE } from '../wire/pduTable.ts'
import type { BindBody, BindCommand, Pdu, SessionState } from '../wire/pduTable.ts'
import type { SessionClock } from './sessionClock.ts'
import type { RequestOutcome, SessionBind, SessionRules } from './sessionTypes.ts'
import { readTlv, tlv } from '../wire/tlv.ts'

export interface BindingParts {
  readonly reader: PduReader
  readonly writer: PduWriter
  readonly requests: OutboundRequests
  readonly clock: SessionClock
  /**
   * On a server, called before bind_resp is written. On a client, called before any PDU that
   * follows bind_resp is read.
   */
  onBound(state: SessionState): void
}

/** The bind of a session, on either side, and the negotiated version (SMPP 3.4 §4.1). */
export class Binding {
  readonly #settings: SessionRules
  readonly #parts: BindingParts
  #bind: SessionBind | undefined
  #interfaceVersion: InterfaceVersion

  constructor(settings: SessionRules, parts: BindingParts) {
    this.#settings = settings
    this.#parts = parts
    this.#interfaceVersion = settings.interfaceVersion
  }

  get bind(): SessionBind | undefined {
    return this.#bind
  }

  get interfaceVersion(): InterfaceVersion {
    return this.#interfaceVersion
  }

  /** Whether a bind request from the peer is waiting for our answer. */
  get isAsked(): boolean {
    return this.#parts.reader.isHeldForBind
  }

  /** Call when a bind request arrives. Stops reading until the request is answered. */
  asked(): void {
    this.#parts.reader.hold('bind')
    this.#parts.clock.bindWaits('onBind did not answer within the response timer')
  }

  /** Throws PduError without changing anything if `systemId` does not fit in bind_resp. */
  accept(
    request: Pdu<BindCommand>,
    systemId = this.#settings.systemId,
    stated = this.#settings.interfaceVersion,
  ): void {
    const { writer, reader } = this.#parts
    const ours = lowerVersion(this.#settings.interfaceVersion, stated)
    const tlvs = [tlv('sc_interface_version', ours)]
    // If the peer supports TLVs, bind_resp carries sc_interface_version even when the agreed
    // version has no TLVs.
    writer.speak(lowerVersion(this.#settings.interfaceVersion, request.interface_version))
    writer.answer(request, status.ESME_ROK, { system_id: systemId, tlvs })
    const version = lowerVersion(ours, request.interface_version)
    writer.speak(version)
    this.#become(request.command, request, version)
    reader.release('bind')
  }

  /**
   * Sends our bind request. `onAnswer` is called before any PDU that follows the answer is read.
   * Throws PduError if our version does not have this bind command or a field does not fit.
   */
  request(command: BindCommand, body: BindBody, onAnswer: (outcome: RequestOutcome) => void): void {
    const { requests, reader, clock } = this.#parts
    requests.requestBind(command, body, (outcome) => {
      const isBound = outcome.kind === 'response' && this.#receive(command, body, outcome.pdu)
      onAnswer(outcome)
      // The caller gets the session when the promise of connectSmpp or bindSession resolves. PDUs
      // that directly follow bind_resp must not be handled before then.
      if (isBound) setImmediate(() => reader.release('bind'))
    })
    clock.bindWaits('the bind was not answered in time')
  }

  #receive(command: BindCommand, body: BindBody, pdu: Pdu): boolean {
    if (pdu.command_status !== status.ESME_ROK || !('tlvs' in pdu)) return false
    const { writer, reader } = this.#parts
    const { interfaceVersion, versionWhenUntold } = this.#settings
    const theirs = readTlv(pdu.tlvs, 'sc_interface_version') ?? versionWhenUntold
    const version = lowerVersion(interfaceVersion, theirs)
    writer.speak(version)
    this.#become(command, body, version)
    reader.hold('bind')
    return true
  }

  #become(command: BindCommand, body: BindBody, version: InterfaceVersion): void {
    const { system_id, system_type, interface_version, address_range } = body
    this.#bind = { command, system_id, system_type, interface_version, address_range }
    this.#interfaceVersion = version
    this.#parts.clock.bound()
    this.#parts.onBound(BOUND_STATE[command])
  }
}
