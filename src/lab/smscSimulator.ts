// A simulated SMSC for tests. It answers submit_sm after a latency, and sends receipts on any
// session of the peer that can receive. With configured probabilities and a seed, it also refuses
// messages, throttles messages, or cuts the connection. Messages that exceed the pace are
// throttled.
//
// An accepted message is in the file before its submit_sm_resp is sent. Therefore, even after a
// kill -9, a restarted simulator sends every receipt. The file is a record of all accepted messages
// and all binds. Each receipt is sent at least once. Message ids have ten decimal digits and are
// unique in a file.
//
// When the simulator cuts a connection in answer to a message, it has accepted the message in half
// of the cases: the message then gets a receipt but no answer. Messages that wait for their answer
// when the connection ends are not accepted.
//
// The simulator can act as an older SMPP version, and then refuses fields of newer versions.
import { randomInt } from 'node:crypto'
import {
  createSmppServer,
  ESME_RBINDFAIL,
  ESME_RINVCMDLEN,
  ESME_RINVMSGLEN,
  ESME_ROK,
  ESME_RSUBMITFAIL,
  ESME_RTHROTTLED,
  INTERFACE_VERSION,
  MESSAGE_STATE,
} from '../smpp/index.ts'
import type {
  BindCommand,
  InterfaceVersion,
  MessageState,
  Pdu,
  Session,
  SmppServer,
} from '../smpp/index.ts'
import { AcceptedFile } from './acceptedFile.ts'
import type { AcceptedMessage } from './acceptedLine.ts'
import { DueTimer } from './dueTimer.ts'
import { ReceiptSender } from './receiptSender.ts'
import { pickMs, seededRandom } from './seededRandom.ts'
import { SlidingSecond } from './slidingSecond.ts'
import type { SmscOptions } from './smscOptions.ts'
import { messageContent } from './submission.ts'
import type { Fate, Submission } from './submission.ts'

export interface SmscStats {
  readonly binds: number
  /** The largest number of binds that were open at the same time. */
  readonly bindsMax: number
  readonly accepted: number
  readonly refused: number
  /** The number of submit_sm with fields that do not exist in the SMPP version of the session. */
  readonly misfits: number
  readonly throttled: number
  readonly dropped: number
  /** The number of submit_sm answered with ESME_ROK, and the sum of their waiting times. */
  readonly answered: number
  readonly answerDelaySumMs: number
  readonly receiptsSent: number
  readonly receiptsAcknowledged: number
  readonly receiptsRefused: number
  readonly receiptsPending: number
}

const MAX_SESSIONS = 1_000
/** The time from an early receipt to the submit_sm_resp of its message. */
const EARLY_BY_MS = 50
const CLOSE_WITHIN_MS = 3_000
/** The limit of short_message in SMPP 3.4 §4.4.1. Version 5.0 allows one octet more. */
const SHORT_MESSAGE_OCTETS_MAX = 254

export class SmscSimulator {
  readonly #options: SmscOptions
  readonly #random: () => number
  readonly #server: SmppServer
  readonly #answers: DueTimer<Submission>
  readonly #receipts: ReceiptSender
  readonly #pace: SlidingSecond
  /** Bound sessions, with the number of each bind in the file. */
  readonly #bound = new Map<Session, number>()
  #lastBind = 0
  /** Second copies of receipts. They are not recorded in the file when they are settled. */
  readonly #copies = new Set<AcceptedMessage>()
  #file: AcceptedFile | undefined
  #nextId = 0
  #arrived: Submission[] = []
  #turn: NodeJS.Immediate | undefined
  readonly #counts = {
    bindsMax: 0,
    accepted: 0,
    refused: 0,
    misfits: 0,
    throttled: 0,
    dropped: 0,
    answered: 0,
    answerDelaySumMs: 0,
    receiptsAcknowledged: 0,
    receiptsRefused: 0,
  }
  port = 0

  /** Rejects with the socket's error (EADDRINUSE and so on) or with AcceptedFileError. */
  static async start(options: SmscOptions): Promise<SmscSimulator> {
    const simulator = new SmscSimulator(options)
    await simulator.#start()
    return simulator
  }

  private constructor(options: SmscOptions) {
    const { systemId, timers, windowSize, resendAfterMs, seed, tps } = options
    this.#options = options
    this.#random = seededRandom(seed)
    this.#pace = new SlidingSecond(tps)
    this.#answers = new DueTimer(1, (submissions) => this.#answer(submissions))
    this.#receipts = new ReceiptSender({
      resendAfterMs,
      onSettled: (message, commandStatus) => this.#receiptSettled(message, commandStatus),
    })
    this.#server = createSmppServer({
      systemId,
      timers,
      windowSize,
      maxSessions: MAX_SESSIONS,
      events: {
        onBind: (session, pdu) => this.#bind(session, pdu),
        requests: { submit_sm: (session, pdu) => this.#submit(session, pdu) },
        onClosed: (session, reason) => this.#closed(session, reason),
      },
    })
  }

  stats(): SmscStats {
    return {
      ...this.#counts,
      binds: this.#bound.size,
      receiptsSent: this.#receipts.sent,
      receiptsPending: this.#receipts.pending,
    }
  }

  /** Unbinds all sessions, within CLOSE_WITHIN_MS, and closes the file. */
  async close(): Promise<void> {
    const overdue = setTimeout(() => {
      for (const session of this.#server.sessions) session.close('the simulator stops')
    }, CLOSE_WITHIN_MS)
    await this.#server.close()
    clearTimeout(overdue)
    this.#answers.close()
    this.#receipts.close()
    clearImmediate(this.#turn)
    this.#file?.close()
    this.#file = undefined
  }

  // The port acts as a lock: a second simulator on the same port fails before it touches the file.
  // No peer can bind before the file is read, because nothing else runs between the end of listen()
  // and the end of the read.
  async #start(): Promise<void> {
    const { port, host, file } = this.#options
    this.port = (await this.#server.listen(port, host)).port
    try {
      const opened = AcceptedFile.open(file)
      this.#file = opened.file
      this.#file.started()
      this.#file.flush()
      this.#nextId = (opened.lastId ?? randomInt(1_000_000_000, 9_000_000_000)) + 1
      for (const message of opened.owed) this.#receipts.schedule(message, 0)
    } catch (error) {
      await this.close()
      throw error
    }
  }

  #bind(session: Session, pdu: Pdu<BindCommand>): void {
    const { systemId, password } = this.#options
    if (!this.#file || pdu.system_id !== systemId || pdu.password !== password) {
      // SMPP 5.0 also prescribes ESME_RBINDFAIL for a wrong password.
      session.refuseBind(pdu, ESME_RBINDFAIL)
      return
    }
    session.acceptBind(pdu, systemId, this.#options.interfaceVersion)
    this.#bound.set(session, ++this.#lastBind)
    this.#file.bound(this.#lastBind)
    this.#file.flush()
    this.#counts.bindsMax = Math.max(this.#counts.bindsMax, this.#bound.size)
    this.#options.onBinds?.(this.#bound.size)
    this.#receipts.addSession(session)
  }

  #closed(session: Session, reason: string): void {
    this.#receipts.removeSession(session)
    const bind = this.#bound.get(session)
    if (bind === undefined) return
    this.#bound.delete(session)
    this.#options.onBinds?.(this.#bound.size)
    this.#file?.closed(bind, reason)
    this.#file?.flush()
  }

  #submit(session: Session, pdu: Pdu<'submit_sm'>): void {
    const { latency, earlyReceiptRate } = this.#options
    const misfit = misfitStatus(pdu, session.interfaceVersion)
    if (misfit !== undefined) {
      this.#counts.misfits += 1
      return session.respond(pdu, misfit)
    }
    const arrivedAtMs = performance.now()
    const drawn = this.#drawFate()
    const fate = this.#pace.take(arrivedAtMs) ? drawn : 'throttle'
    const receiptState = this.#drawReceiptState(pdu.registered_delivery)
    const submission: Submission = {
      session,
      request: { command: 'submit_sm', sequence_number: pdu.sequence_number },
      arrivedAtMs,
      fate,
      content: messageContent(pdu, receiptState),
      early: receiptState !== undefined && fate === 'accept' && this.#draw(earlyReceiptRate),
      message: undefined,
    }
    const latencyMs = pickMs(latency, this.#random)
    if (latencyMs > 0) return this.#answers.add(latencyMs, submission)
    this.#arrived.push(submission)
    this.#queueTurn()
  }

  #draw(share: number): boolean {
    return share > 0 && this.#random() < share
  }

  #drawFate(): Fate {
    const { dropRate, throttleRate, errorRate } = this.#options
    const drawn = this.#random()
    if (drawn < dropRate) return drawn < dropRate / 2 ? 'acceptAndDrop' : 'drop'
    if (drawn < dropRate + throttleRate) return 'throttle'
    return drawn < dropRate + throttleRate + errorRate ? 'refuse' : 'accept'
  }

  /**
   * A registered_delivery of 1 requests a receipt for any final state, 2 for failures only, and 3
   * for successes only (SMPP 3.4 §5.2.17, and SMPP 5.0 for 3).
   */
  #drawReceiptState(registeredDelivery: number): MessageState | undefined {
    const asked = registeredDelivery & 0x03
    if (asked === 0) return undefined
    const failed = this.#draw(this.#options.undeliveredRate)
    if ((asked === 2 && !failed) || (asked === 3 && failed)) return undefined
    return failed ? MESSAGE_STATE.UNDELIVERABLE : MESSAGE_STATE.DELIVERED
  }

  // All messages of one event loop iteration are answered together, after one write to the file.
  #queueTurn(): void {
    this.#turn ??= setImmediate(() => {
      this.#turn = undefined
      const arrived = this.#arrived
      this.#arrived = []
      this.#answer(arrived)
    })
  }

  #answer(submissions: readonly Submission[]): void {
    // Messages of sessions that have closed in the meantime are neither accepted nor answered.
    const open = submissions.filter(({ session }) => session.state !== 'CLOSED')
    for (const submission of open) this.#accept(submission)
    this.#file?.flush()
    for (const submission of open) {
      if (submission.early) this.#receiptFirst(submission)
      else this.#respond(submission)
    }
  }

  #accept(submission: Submission): void {
    const { fate, content } = submission
    if (submission.message || (fate !== 'accept' && fate !== 'acceptAndDrop')) return
    const message = { ...content, upstreamId: String(this.#nextId), atMs: Date.now() }
    this.#nextId += 1
    this.#file?.accepted(message)
    this.#counts.accepted += 1
    submission.message = message
    if (message.receiptState === undefined) return
    const { receiptDelay, duplicateRate } = this.#options
    const delayMs = pickMs(receiptDelay, this.#random)
    if (!submission.early) this.#receipts.schedule(message, delayMs)
    if (!this.#draw(duplicateRate)) return
    const copy = { ...message }
    this.#copies.add(copy)
    this.#receipts.schedule(copy, delayMs)
  }

  #receiptFirst(submission: Submission): void {
    submission.early = false
    if (submission.message) this.#receipts.sendNow(submission.message)
    this.#answers.add(EARLY_BY_MS, submission)
  }

  #respond({ session, request, fate, message, arrivedAtMs }: Submission): void {
    if (fate === 'accept' && message) {
      this.#counts.answered += 1
      this.#counts.answerDelaySumMs += performance.now() - arrivedAtMs
      session.respond(request, ESME_ROK, { message_id: message.upstreamId })
    } else if (fate === 'throttle') {
      this.#counts.throttled += 1
      session.respond(request, ESME_RTHROTTLED)
    } else if (fate === 'refuse') {
      this.#counts.refused += 1
      session.respond(request, ESME_RSUBMITFAIL)
    } else {
      this.#counts.dropped += 1
      session.close('the simulator cuts the connection because of --drop-rate')
    }
  }

  #receiptSettled(message: AcceptedMessage, commandStatus: number): void {
    if (commandStatus === ESME_ROK) this.#counts.receiptsAcknowledged += 1
    else this.#counts.receiptsRefused += 1
    if (this.#copies.delete(message)) return
    this.#file?.receipted(message.upstreamId, commandStatus)
    this.#queueTurn()
  }
}

/** The status for a message that SMPP version `version` does not allow; undefined if allowed. */
function misfitStatus(
  { short_message, tlvs }: Pdu<'submit_sm'>,
  version: InterfaceVersion,
): number | undefined {
  const { V3_4, V5_0 } = INTERFACE_VERSION
  if (short_message.length > SHORT_MESSAGE_OCTETS_MAX && version < V5_0) return ESME_RINVMSGLEN
  return tlvs.length > 0 && version < V3_4 ? ESME_RINVCMDLEN : undefined
}
