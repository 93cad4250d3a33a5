import {
  compiledByName,
  decodeResponse,
  isResponseId,
  requestByName,
  responseTo,
} from '../wire/codec.ts'
import { ESME_RINVCMDID, ESME_ROK } from '../wire/commandStatus.ts'
import type { CompiledPdu } from '../wire/compilePdu.ts'
import { nextWindowSize } from './nextWindowSize.ts'
import { signal as checkSignal } from '../wire/optionCheck.ts'
import { PduError } from '../wire/pduError.ts'
import type {
  BindBody,
  BindCommand,
  CommandName,
  OneWayCommand,
  Pdu,
  PduBodies,
  RequestCommand,
  ResponseTo,
} from '../wire/pduTable.ts'
import type { PduWriter } from './pduWriter.ts'
import { type FailedRequest, RequestError } from './requestError.ts'
import { RequestWindow } from './requestWindow.ts'
import type { SessionAdjustment } from './sessionAdjustment.ts'
import { orNever } from './sessionClock.ts'
import type { OutcomeOf, RequestOutcome, SessionRules } from './sessionTypes.ts'
import { readTlv } from '../wire/tlv.ts'
import { WaitingSends } from './waitingSends.ts'

const RESPONSE_BIT = 0x80000000

type Answer = Pick<Pdu, 'command' | 'command_status'>

export interface OutboundActions {
  /** Whether the session's state and version allow the PDU and no unbind has begun. */
  maySend(compiled: CompiledPdu): boolean
  isLeaving(): boolean
  /** Called when a request is sent. Returns the time, as from `performance.now()`. */
  requested(): number
  /** The peer's congestion_state has changed. */
  onCongestion(congestionState: number): void
  onAnswered: ((command_id: number, elapsedMs: number) => void) | undefined
  /** Called when a window that was full has room again. */
  onWindowFree(): void
}

/** Our requests in one session: the requests in the window, and those that wait for room in it. */
export class OutboundRequests {
  readonly #settings: SessionRules
  readonly #writer: PduWriter
  readonly #actions: OutboundActions
  readonly #window: RequestWindow
  readonly #waiting: WaitingSends
  #windowSize: number
  #wasFull = false
  #answersSinceResize = 0
  #congestionState: number | undefined
  /** The reason for failed requests once the session is ending. */
  #endReason = 'the session is unbinding'

  constructor(
    settings: SessionRules,
    waitingSendsMax: number,
    writer: PduWriter,
    actions: OutboundActions,
  ) {
    this.#settings = settings
    this.#writer = writer
    this.#actions = actions
    const { windowSize, timers } = settings
    this.#windowSize = windowSize
    this.#window = new RequestWindow(windowSize, orNever(timers.responseTimeoutMs))
    this.#waiting = new WaitingSends(waitingSendsMax)
  }

  get size(): number {
    return this.#window.size
  }

  get free(): number {
    return this.#actions.isLeaving() ? 0 : this.#window.free
  }

  /** Undefined until the peer has sent a congestion_state. */
  get congestionState(): number | undefined {
    return this.#congestionState
  }

  request<C extends RequestCommand>(
    command: C,
    fields: Partial<PduBodies[C]>,
    onOutcome: (outcome: OutcomeOf<C>) => void,
  ): number | undefined {
    const compiled = requestByName(command)
    if (typeof onOutcome !== 'function') needsCallback(command)
    if (!this.#hasRoom() || !this.#actions.maySend(compiled)) return undefined
    const sequence = this.#window.nextSequence()
    this.#writer.write(compiled, ESME_ROK, sequence, fields)
    this.#expect(compiled, sequence, onOutcome)
    return sequence
  }

  requestBody<C extends RequestCommand>(
    command: C,
    body: Buffer,
    onOutcome: (outcome: OutcomeOf<C>) => void,
  ): number | undefined {
    const compiled = requestByName(command)
    if (typeof onOutcome !== 'function') needsCallback(command)
    if (!this.#hasRoom() || !this.#actions.maySend(compiled)) return undefined
    if (!this.#writer.allowsTlvs)
      return this.request(command, compiled.decodeBody(body, 0, body.length), onOutcome)
    const sequence = this.#window.nextSequence()
    this.#writer.writeEncoded(compiled.row.command_id, sequence, body)
    this.#expect(compiled, sequence, onOutcome)
    return sequence
  }

  /** See Session.send. */
  send<C extends RequestCommand>(
    command: C,
    fields: Partial<PduBodies[C]>,
    signal: AbortSignal | undefined,
  ): Promise<Pdu<ResponseTo<C>>> {
    return new Promise((resolve, reject) => {
      if (signal !== undefined) checkSignal(signal, 'signal')
      const fail = (failure: FailedRequest) => reject(new RequestError(command, failure))
      const attempt = () => {
        const onAbort = () =>
          fail({ code: 'ABORTED', isOutcomeUnknown: true, cause: signal?.reason })
        const settle = (outcome: OutcomeOf<C>) => {
          signal?.removeEventListener('abort', onAbort)
          const failure = failureOf(outcome, this.#endReason)
          if (failure) fail(failure)
          // The window accepts only this command's response and generic_nack.
          else if ('pdu' in outcome) resolve(outcome.pdu as Pdu<ResponseTo<C>>)
        }
        try {
          const sequence = this.request(command, fields, settle)
          if (sequence === undefined) fail({ code: 'NOT_ALLOWED', isOutcomeUnknown: false })
          else signal?.addEventListener('abort', onAbort, { once: true })
        } catch (error) {
          // A field does not fit. Nothing was sent.
          reject(error)
        }
      }
      if (signal?.aborted) fail({ code: 'ABORTED', isOutcomeUnknown: false, cause: signal.reason })
      else if (this.#actions.isLeaving())
        fail({ code: 'CLOSED', isOutcomeUnknown: false, reason: this.#endReason })
      else if (this.#hasRoom() || !this.#actions.maySend(requestByName(command))) attempt()
      else this.#waiting.add({ attempt, fail, signal })
    })
  }

  /** Throws PduError if our version does not have this bind command or a field does not fit. */
  requestBind(
    command: BindCommand,
    body: BindBody,
    onOutcome: (outcome: RequestOutcome) => void,
  ): void {
    const compiled = compiledByName(command)
    if (!this.#actions.maySend(compiled)) {
      const { interfaceVersion } = this.#settings
      const reason =
        compiled.since > interfaceVersion
          ? `version 0x${interfaceVersion.toString(16)} has no ${command}. ` +
            'Use bind_transmitter or bind_receiver, or set interface_version to 0x34'
          : `${command} requires a session that is open and neither bound nor closing`
      throw new PduError(ESME_RINVCMDID, 'interface_version', reason)
    }
    const sequence = this.#window.nextSequence()
    this.#writer.write(compiled, ESME_ROK, sequence, body)
    this.#expect(compiled, sequence, onOutcome)
  }

  /** Sends a PDU that has no response. Returns false if the state or version forbids the PDU. */
  notify<C extends OneWayCommand>(command: C, fields: Partial<PduBodies[C]>): boolean {
    const compiled = compiledByName(command)
    if (responseTo(command) || isResponseId(compiled.row.command_id))
      throw new TypeError(`notify cannot send ${command}: use send, request or respond`)
    if (!this.#actions.maySend(compiled)) return false
    this.sendBesides(command, fields)
    return true
  }

  /** Sends a PDU outside the window. Returns its sequence_number. */
  sendBesides<C extends CommandName>(command: C, fields: Partial<PduBodies[C]>): number {
    const sequence = this.#window.nextSequence()
    this.#writer.write(compiledByName(command), ESME_ROK, sequence, fields)
    this.#window.used(sequence)
    return sequence
  }

  #expect<P>(
    { row }: CompiledPdu,
    sequence: number,
    onOutcome: (outcome: RequestOutcome<P>) => void,
  ): void {
    const responseId = row.command_id + RESPONSE_BIT
    // The window passes only this command's response and generic_nack.
    const onAny = onOutcome as (outcome: RequestOutcome) => void
    this.#window.add(responseId, sequence, this.#actions.requested(), onAny)
  }

  /** Ignores a response that answers none of our requests, and returns false (SMPP 5.0 §2.11.1). */
  receive(compiled: CompiledPdu, octets: Buffer, start: number, end: number): boolean {
    const sequence = octets.readUInt32BE(start + 12)
    const { command_id } = compiled.row
    if (!this.#window.expects(sequence, command_id, compiled.command === 'generic_nack'))
      return false
    const { onAnswered } = this.#actions
    if (onAnswered) this.#tellElapsed(command_id, sequence, onAnswered)
    const pdu = decodeResponse(compiled, octets, start, end)
    this.#heed(pdu)
    this.#window.settle(sequence, pdu)
    this.#refill()
    return true
  }

  expire(nowMs: number): void {
    this.#window.expire(nowMs)
    this.#refill()
  }

  /**
   * Changes the window size and the timers. If the window follows the peer's congestion_state, a
   * larger size is only a new upper bound, towards which the window grows later.
   */
  adjust({ windowSize = this.#windowSize, timers }: SessionAdjustment): void {
    const { followCongestion } = this.#settings
    this.#windowSize = windowSize
    this.#window.sizeMax = followCongestion
      ? Math.min(this.#window.sizeMax, windowSize)
      : windowSize
    if (timers?.responseTimeoutMs !== undefined)
      this.#window.timeoutMs = orNever(timers.responseTimeoutMs)
    this.#refill()
  }

  /** Fails the requests that have not been sent, because the session is about to end. */
  refuseWaiting(): void {
    this.#waiting.close(this.#endReason)
  }

  close(reason: string): void {
    this.#endReason = reason
    this.#window.close()
    this.#waiting.close(reason)
  }

  /** Any response may carry the peer's congestion_state (SMPP 5.0 §4.8.4.18). */
  #heed(pdu: Pdu): void {
    if (!('tlvs' in pdu) || pdu.tlvs.length === 0) return
    const told = readTlv(pdu.tlvs, 'congestion_state')
    if (told === undefined) return
    if (this.#settings.followCongestion) this.#resize(told)
    if (told === this.#congestionState) return
    this.#congestionState = told
    this.#actions.onCongestion(told)
  }

  /** False if the window is full or if other requests are already waiting for room in it. */
  #hasRoom(): boolean {
    if (this.#waiting.size > 0 && !this.#waiting.isRefilling) return false
    if (this.free > 0) return true
    this.#wasFull = true
    return false
  }

  #refill(): void {
    if (!this.#wasFull || this.#window.free === 0) return
    this.#waiting.refill(() => this.free > 0)
    if (this.free === 0) return
    this.#wasFull = false
    this.#actions.onWindowFree()
  }

  /**
   * Resizes the window only after a full window of answers, because answers to requests that were
   * sent before the last resize do not reflect that resize.
   */
  #resize(congestionState: number): void {
    if (++this.#answersSinceResize < this.#window.sizeMax) return
    this.#answersSinceResize = 0
    this.#window.sizeMax = nextWindowSize(this.#window.sizeMax, congestionState, this.#windowSize)
  }

  #tellElapsed(
    command_id: number,
    sequence: number,
    onAnswered: NonNullable<OutboundActions['onAnswered']>,
  ): void {
    const sentAtMs = this.#window.sentAtMs(sequence)
    if (sentAtMs !== undefined) onAnswered(command_id, performance.now() - sentAtMs)
  }
}

function failureOf(outcome: RequestOutcome<Answer>, reason: string): FailedRequest | undefined {
  if (outcome.kind === 'timeout') return { code: 'TIMEOUT', isOutcomeUnknown: true }
  if (outcome.kind === 'closed') return { code: 'CLOSED', isOutcomeUnknown: true, reason }
  const { command, command_status: commandStatus } = outcome.pdu
  if (command !== 'generic_nack') return undefined
  return { code: 'NACKED', isOutcomeUnknown: false, commandStatus }
}

function needsCallback(command: string): never {
  throw new TypeError(`request('${command}') needs an outcome callback; send returns a promise`)
}
