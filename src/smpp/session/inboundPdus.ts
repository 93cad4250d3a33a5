import assert from 'node:assert'
import {
  compiledById,
  compiledByName,
  HEADER_OCTETS,
  isResponseId,
  responseTo,
} from '../wire/codec.ts'
import * as status from '../wire/commandStatus.ts'
import type { CompiledPdu } from '../wire/compilePdu.ts'
import { PduError } from '../wire/pduError.ts'
import type { OwedAnswers } from './owedAnswers.ts'
import type { InterfaceVersion } from '../wire/interfaceVersion.ts'
import type { BindCommand, CommandName, Pdu, SessionState } from '../wire/pduTable.ts'
import type { PduWriter } from './pduWriter.ts'
import type { SessionBind, SessionSettingsOf } from './sessionTypes.ts'
import { stateRefusal } from './stateRefusal.ts'

export interface InboundActions {
  /** Whether we have sent unbind and not received its response. */
  isLeaving(): boolean
  /** Called for each request that reaches a handler, and for alert_notification. */
  onMessage(): void
  /** Stops reading, or resumes it. */
  holdReading(isHeld: boolean): void
  onBind(pdu: Pdu<BindCommand>): void
  onOutbind(pdu: Pdu<'outbind'>): void
  onUnbind(sequence: number): void
  onResponse(compiled: CompiledPdu, octets: Buffer, start: number, end: number): void
}

/** The properties of a session that decide whether a PDU is allowed. */
interface Standing {
  readonly state: SessionState
  readonly interfaceVersion: InterfaceVersion
  readonly bind: Readonly<SessionBind> | undefined
}

type Handler<Session> = (session: Session, pdu: Pdu, body: Buffer) => void
type Handlers<Session> = Readonly<Partial<Record<CommandName, Handler<Session>>>>

const NACK = compiledByName('generic_nack')

/**
 * The commands that the session handles itself. Handlers of the application process all others.
 */
const OWN: ReadonlySet<CommandName> = new Set([
  'bind_receiver',
  'bind_transmitter',
  'bind_transceiver',
  'unbind',
  'enquire_link',
  'alert_notification',
  'outbind',
] as const)

/**
 * Receives each PDU from the peer (SMPP 5.0 §2.8, §2.11). It passes on every response. It passes on
 * a request if the request has a handler and the session's state and version allow the request. It
 * answers all other requests itself.
 */
export class InboundPdus<Session extends Standing> {
  readonly #session: Session
  readonly #settings: SessionSettingsOf<Session>
  readonly #writer: PduWriter
  readonly #actions: InboundActions
  readonly #peer: 'esme' | 'mc'
  readonly #handlers: Handlers<Session>
  readonly #isCounted: boolean
  readonly #owed: OwedAnswers
  #isHeld = false

  constructor(
    session: Session,
    settings: SessionSettingsOf<Session>,
    writer: PduWriter,
    owed: OwedAnswers,
    actions: InboundActions,
  ) {
    this.#owed = owed
    this.#session = session
    this.#settings = settings
    this.#writer = writer
    this.#actions = actions
    this.#isCounted = settings.events.onPduReceived !== undefined
    this.#peer = settings.side === 'mc' ? 'esme' : 'mc'
    // Each handler is called only with PDUs of the command it is registered for.
    this.#handlers = (settings.events.requests ?? {}) as Handlers<Session>
  }

  /** The number of requests that the application has not answered. */
  get owed(): number {
    return this.#owed.count
  }

  /** Call when the application has answered a request. */
  answered(): void {
    this.#owed.answered()
    if (!this.#isHeld || !this.#owed.isLittle) return
    this.#isHeld = false
    setImmediate(() => this.#actions.holdReading(false))
  }

  receive(octets: Buffer, start: number, end: number): void {
    const command_id = octets.readUInt32BE(start + 4)
    if (this.#isCounted) this.#count(command_id, octets, start, end)
    const compiled = compiledById(command_id)
    if (isResponseId(command_id)) {
      if (compiled) this.#actions.onResponse(compiled, octets, start, end)
      return
    }
    const sequence = octets.readUInt32BE(start + 12)
    if (!compiled) {
      const shown = command_id.toString(16).padStart(8, '0')
      this.#nack(command_id, sequence, `unknown command_id 0x${shown}`)
    } else if (!compiled.sentBy[this.#peer].has(this.#session.state)) {
      this.#refuseState(compiled.command, sequence)
    } else if (compiled.since > this.#session.interfaceVersion) {
      // This session's version lacks the command.
      const version = this.#session.interfaceVersion.toString(16)
      this.#nack(command_id, sequence, `version 0x${version} has no ${compiled.command}`)
    } else {
      this.#receiveRequest(compiled, octets, start, end, sequence)
    }
  }

  /**
   * Answers an impossible command_length with one generic_nack, because nothing after it can be
   * understood (SMPP 5.0 §2.11.2). The answer repeats the sequence_number only if command_id is
   * known: other octets, such as HTTP or TLS, contain no sequence_number. Returns the reason for
   * logs.
   */
  framingLost(octets: Buffer, start: number, end: number): string {
    const command_id = end - start >= 8 ? octets.readUInt32BE(start + 4) : 0
    const isHeader = end - start >= HEADER_OCTETS && compiledById(command_id)
    const sequence = isHeader ? octets.readUInt32BE(start + 12) : 0
    const reason = `impossible command_length ${octets.readUInt32BE(start)}`
    this.#writer.write(NACK, status.ESME_RINVCMDLEN, sequence)
    this.#malformed(command_id, status.ESME_RINVCMDLEN, reason)
    return reason
  }

  #count(command_id: number, octets: Buffer, start: number, end: number): void {
    const commandStatus = octets.readUInt32BE(start + 8)
    const { events } = this.#settings
    events.onPduReceived?.(this.#session, command_id, commandStatus, end - start)
  }

  #receiveRequest(
    compiled: CompiledPdu,
    octets: Buffer,
    start: number,
    end: number,
    sequence: number,
  ): void {
    const { command } = compiled
    const isHandled = this.#handlers[command] !== undefined
    if (!isHandled && !OWN.has(command)) {
      this.#refuse(command, sequence, status.ESME_RINVCMDID)
      return
    }
    const body = start + HEADER_OCTETS
    let pdu: Pdu
    try {
      pdu = compiled.decode(octets, body, end, octets.readUInt32BE(start + 8), sequence)
      if (compiled.tagsRequired.length > 0) checkTags(compiled, pdu)
    } catch (error) {
      if (!(error instanceof PduError)) throw error
      this.#refuse(command, sequence, error.commandStatus)
      this.#malformed(compiled.row.command_id, error.commandStatus, error.message)
      return
    }
    if (!isHandled) {
      this.#receiveOwn(pdu)
      return
    }
    this.#owed.add('tlvs' in pdu ? pdu.tlvs.length : 0)
    if (!this.#isHeld && this.#owed.isTooMuch) {
      this.#isHeld = true
      this.#actions.holdReading(true)
    }
    this.#actions.onMessage()
    // Called as a method, so that a handler can use `this`.
    this.#handlers[command]?.(this.#session, pdu, octets.subarray(body, end))
  }

  #receiveOwn(pdu: Pdu): void {
    const { events } = this.#settings
    switch (pdu.command) {
      case 'enquire_link':
        this.#writer.answer(pdu, status.ESME_ROK)
        break
      case 'unbind':
        this.#actions.onUnbind(pdu.sequence_number)
        break
      case 'bind_transmitter':
      case 'bind_receiver':
      case 'bind_transceiver':
        this.#actions.onBind(pdu)
        break
      case 'alert_notification':
        this.#actions.onMessage()
        events.onAlertNotification?.(this.#session, pdu)
        break
      case 'outbind':
        this.#actions.onOutbind(pdu)
        break
      default:
        assert.fail(`${pdu.command} is not handled by the session itself`)
    }
  }

  #refuseState(command: CommandName, sequence: number): void {
    const commandStatus = stateRefusal(command, {
      state: this.#session.state,
      isBound: this.#session.bind !== undefined,
      isLeaving: this.#actions.isLeaving(),
    })
    this.#refuse(command, sequence, commandStatus)
  }

  /** Answers with generic_nack if the command has no response of its own (SMPP 3.4 §4.3). */
  #refuse(command: CommandName, sequence_number: number, commandStatus: number): void {
    if (responseTo(command)) this.#writer.answer({ command, sequence_number }, commandStatus)
    else this.#writer.write(NACK, commandStatus, sequence_number)
  }

  #nack(command_id: number, sequence: number, reason: string): void {
    this.#writer.write(NACK, status.ESME_RINVCMDID, sequence)
    this.#malformed(command_id, status.ESME_RINVCMDID, reason)
  }

  #malformed(command_id: number, commandStatus: number, reason: string): void {
    this.#settings.events.onMalformed?.(this.#session, { command_id, reason, commandStatus })
  }
}

function checkTags({ tagsRequired }: CompiledPdu, pdu: Pdu): void {
  const tlvs = 'tlvs' in pdu ? pdu.tlvs : []
  for (const required of tagsRequired)
    if (!tlvs.some(({ tag }) => tag === required)) {
      const reason = `0x${required.toString(16).padStart(4, '0')} is missing`
      throw new PduError(status.ESME_RMISSINGTLV, 'tlvs', reason)
    }
}
