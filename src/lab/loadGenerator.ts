// Generates load like an ESME, with full windows or at a steady rate. There is no `await` per
// message. Each message ends as answered (its message_id is kept), refused (with a command_status),
// or unknown (its link was lost or no answer arrived). Unknown messages are not sent again, because
// the peer may have accepted them. If a rate is set, latency is measured from the time at which the
// message was due, so a stalled server cannot hide the wait of later messages. Receipts are
// recorded by message_id.
import { randomInt } from 'node:crypto'
import { classify, commandStatusName, encodeText, ESME_ROK, parseReceipt } from '../smpp/index.ts'
import type { Pdu, PduBodies, RequestOutcome, Session, SessionTimers } from '../smpp/index.ts'
import { Histogram } from './histogram.ts'
import { LoadLane, type Due, type Load } from './loadLane.ts'
import type { LoadReport, ReceiptsOfOne } from './loadReport.ts'
import { address, text } from './messagePattern.ts'
import { Silences } from './silences.ts'

export interface LoadOptions {
  readonly host: string
  readonly port: number
  readonly systemId: string
  /** The sessions use these system_ids in turn, all with the same password. */
  readonly systemIds?: readonly string[]
  readonly password: string
  readonly sessions: number
  readonly windowSize: number
  /** `count` or `durationMs` is required. If both are set, sending ends at the first limit. */
  readonly count?: number
  readonly durationMs?: number
  /** Messages per second over all sessions. Without a rate, the windows are kept full. */
  readonly rate?: number
  /** A row of `#` stands for digits of the message's number; see messagePattern.ts. */
  readonly source?: string
  readonly destination?: string
  /** Should contain {reference}, so that reconciliation can tell messages apart. */
  readonly text?: string
  readonly registeredDelivery?: number
  /** Reconnects after a lost link, with back-off, for up to `reconnectWithinMs`. */
  readonly reconnect?: boolean
  readonly reconnectWithinMs?: number
  /**
   * How long the session pauses after ESME_RTHROTTLED or ESME_RMSGQFUL, before the message is sent
   * again. If undefined, the message counts as refused.
   */
  readonly retryThrottledAfterMs?: number
  /** How long to wait, after the last answer, for the receipts of all accepted messages. */
  readonly receiptsWithinMs?: number
  readonly timers?: Partial<SessionTimers>
  /** Ends the sending early. The answers to messages in flight are still awaited. */
  readonly signal?: AbortSignal
  /** Called once a second. */
  onProgress?(progress: LoadProgress): void
}

export interface LoadProgress {
  readonly sent: number
  readonly answered: number
  readonly refused: number
  readonly unknown: number
  readonly receipts: number
}

const DEFAULTS = {
  source: 'Signalbox',
  destination: '44770#######',
  text: 'Load {reference} One message like many others: your code is 123456.',
  registeredDelivery: 0,
  reconnectWithinMs: 60_000,
}

const TIMERS: SessionTimers = {
  sessionInitTimeoutMs: 10_000,
  enquireLinkIntervalMs: 30_000,
  responseTimeoutMs: 30_000,
  inactivityTimeoutMs: 0,
}

/** A shorter time without an answer or a receipt may be due to the rate and not to the peer. */
const SILENCE_MS_MIN = 200

/** Runs the load. Rejects if an initial bind fails. Later failures are in the report. */
export async function runLoad(options: LoadOptions): Promise<LoadReport> {
  if (options.count === undefined && options.durationMs === undefined) {
    throw new RangeError('runLoad needs count or durationMs, because it would never end otherwise')
  }
  const load = new LoadRun(options)
  return load.run()
}

export class LoadRun implements Load {
  readonly #options: LoadOptions
  readonly #name = randomInt(36 ** 5, 36 ** 6).toString(36)
  readonly #lanes: LoadLane[] = []
  readonly #source: (n: number) => string
  readonly #sourceTon: number
  readonly #destination: (n: number) => string
  readonly #text: (n: number) => string
  readonly #answered = new Map<string, number>()
  readonly #repeatedIds: string[] = []
  readonly #refused = new Map<string, number[]>()
  readonly #unknown = new Set<number>()
  readonly #receipts = new Map<string, ReceiptsOfOne>()
  readonly #latency = new Histogram()
  readonly #answeredPerSecond: number[] = []
  readonly #receiptsPerSecond: number[] = []
  readonly #answerSilences = new Silences(SILENCE_MS_MIN)
  readonly #receiptSilences = new Silences(SILENCE_MS_MIN)
  #again: Due[] = []
  #taken = 0
  #inFlight = 0
  readonly #answers = new Map<number, number>()
  #refusedCount = 0
  #throttled = 0
  #late = 0
  #incoming = 0
  #receiptsMissing = 0
  #startedMs = 0
  #firstSentAtMs = 0
  #lastAnsweredAtMs = 0
  #lastReceiptAtMs = 0
  #sendingEnded = false
  #deadlineMs = Number.POSITIVE_INFINITY
  #nextProgressMs = 0
  #finish: () => void = () => {}

  constructor(options: LoadOptions) {
    this.#options = options
    const source = options.source ?? DEFAULTS.source
    this.#source = address(source)
    // TON 1 is international, and TON 5 is alphanumeric (SMPP 3.4 §5.2.5).
    this.#sourceTon = /^[\d#]+$/.test(source) ? 1 : 5
    this.#destination = address(options.destination ?? DEFAULTS.destination)
    this.#text = text(options.text ?? DEFAULTS.text, this.#name)
  }

  async run(): Promise<LoadReport> {
    const { sessions, signal } = this.#options
    for (let lane = 0; lane < sessions; lane += 1) {
      this.#lanes.push(new LoadLane(this, this.#systemIdOf(lane)))
    }
    const finished = new Promise<void>((resolve) => (this.#finish = resolve))
    const connected = await Promise.allSettled(this.#lanes.map((lane) => lane.open()))
    const failed = connected.find((one) => one.status === 'rejected')
    if (failed) {
      await this.#closeLanes()
      throw failed.reason
    }
    this.#startedMs = performance.now()
    this.#firstSentAtMs = Date.now()
    this.#nextProgressMs = this.#startedMs + 1_000
    // One timer checks the end, the rate, pauses and deadlines.
    const timer = setInterval(() => this.#tick(), this.#options.rate === undefined ? 20 : 2)
    const stop = () => this.#endSending()
    signal?.addEventListener('abort', stop)
    if (signal?.aborted) stop()
    this.#tick()
    await finished
    clearInterval(timer)
    signal?.removeEventListener('abort', stop)
    await this.#closeLanes()
    return this.#report()
  }

  get options(): LoadOptions {
    return this.#options
  }

  get timers(): SessionTimers {
    return { ...TIMERS, ...this.#options.timers }
  }

  get reconnectWithinMs(): number {
    return this.#options.reconnectWithinMs ?? DEFAULTS.reconnectWithinMs
  }

  take(): Due | undefined {
    const again = this.#again.pop()
    if (again) return again
    if (this.#sendingEnded) return undefined
    const { count = Number.POSITIVE_INFINITY, rate } = this.#options
    if (this.#taken >= count) {
      this.#endSending()
      return undefined
    }
    const nowMs = performance.now()
    const sinceMs = rate === undefined ? nowMs : this.#startedMs + (this.#taken * 1_000) / rate
    if (sinceMs > nowMs) return undefined
    this.#taken += 1
    return { n: this.#taken - 1, sinceMs }
  }

  giveBack(due: Due): void {
    this.#again.push(due)
  }

  fields(n: number): Partial<PduBodies['submit_sm']> {
    const { data_coding, short_message: octets } = encodeText(this.#text(n))
    return {
      source_addr_ton: this.#sourceTon,
      source_addr_npi: this.#sourceTon === 1 ? 1 : 0,
      source_addr: this.#source(n),
      dest_addr_ton: 1,
      dest_addr_npi: 1,
      destination_addr: this.#destination(n),
      registered_delivery: this.#options.registeredDelivery ?? DEFAULTS.registeredDelivery,
      data_coding,
      short_message: octets,
    }
  }

  sent(): void {
    this.#inFlight += 1
  }

  outcome(lane: LoadLane, due: Due, outcome: RequestOutcome): void {
    if (outcome.kind === 'late') {
      if (!this.#unknown.delete(due.n)) return
      this.#late += 1
    } else {
      this.#inFlight -= 1
    }
    if (outcome.kind === 'closed' || outcome.kind === 'timeout') this.#unknown.add(due.n)
    else this.#answer(lane, due, outcome.pdu)
    if (this.#sendingEnded) this.#finishIfDone()
  }

  received(session: Session, pdu: Pdu<'deliver_sm'>): void {
    session.respond(pdu, ESME_ROK)
    const receipt = parseReceipt(pdu)
    if (receipt?.id === undefined) {
      this.#incoming += 1
      return
    }
    this.#lastReceiptAtMs = Date.now()
    this.#receiptSilences.event(this.#lastReceiptAtMs)
    countIn(this.#receiptsPerSecond, this.#second())
    const known = this.#receipts.get(receipt.id)
    if (known) {
      known.count += 1
      known.state = receipt.messageState ?? known.state
      return
    }
    this.#receipts.set(receipt.id, { state: receipt.messageState, count: 1 })
    if (this.#answered.has(receipt.id)) this.#receiptsMissing -= 1
    if (this.#sendingEnded) this.#finishIfDone()
  }

  #answer(lane: LoadLane, due: Due, pdu: Pdu): void {
    this.#lastAnsweredAtMs = Date.now()
    const { command_status: status } = pdu
    const { retryThrottledAfterMs } = this.#options
    this.#answers.set(status, (this.#answers.get(status) ?? 0) + 1)
    if (status === ESME_ROK && pdu.command === 'submit_sm_resp') {
      this.#latency.recordMs(performance.now() - due.sinceMs)
      countIn(this.#answeredPerSecond, this.#second())
      this.#answerSilences.event(this.#lastAnsweredAtMs)
      if (this.#answered.has(pdu.message_id)) this.#repeatedIds.push(pdu.message_id)
      this.#answered.set(pdu.message_id, due.n)
      if (!this.#receipts.has(pdu.message_id)) this.#receiptsMissing += 1
    } else if (classify(status) === 'throttled' && retryThrottledAfterMs !== undefined) {
      this.#throttled += 1
      this.#again.push(due)
      lane.pause(retryThrottledAfterMs)
    } else {
      this.#refusedCount += 1
      const name = commandStatusName(status)
      const numbers = this.#refused.get(name)
      if (numbers) numbers.push(due.n)
      else this.#refused.set(name, [due.n])
    }
  }

  #systemIdOf(lane: number): string {
    const { systemIds = [], systemId } = this.#options
    return systemIds[lane % systemIds.length] ?? systemId
  }

  #second(): number {
    return Math.floor((performance.now() - this.#startedMs) / 1_000)
  }

  #tick(): void {
    const nowMs = performance.now()
    const { durationMs, onProgress } = this.#options
    if (durationMs !== undefined && nowMs - this.#startedMs >= durationMs) this.#endSending()
    this.#fillLanes(nowMs)
    if (this.#lanes.every((lane) => lane.gaveUp)) {
      this.#again = []
      this.#endSending()
    }
    if (nowMs >= this.#nextProgressMs && onProgress) {
      this.#nextProgressMs += 1_000
      onProgress(this.#progress())
    }
    if (this.#sendingEnded) this.#finishIfDone()
  }

  #fillLanes(nowMs: number): void {
    // With a rate, the sessions take turns. Without a rate, every window is filled.
    const most = this.#options.rate === undefined ? Number.POSITIVE_INFINITY : 1
    let sent: number
    do {
      sent = 0
      for (const lane of this.#lanes) sent += lane.fill(nowMs, most)
    } while (sent > 0)
  }

  #progress(): LoadProgress {
    return {
      sent: this.#taken,
      answered: this.#answered.size,
      refused: this.#refusedCount,
      unknown: this.#unknown.size,
      receipts: this.#receipts.size,
    }
  }

  #endSending(): void {
    this.#sendingEnded = true
  }

  #finishIfDone(): void {
    if (this.#inFlight > 0 || this.#again.length > 0) return
    const nowMs = performance.now()
    const { receiptsWithinMs = 0 } = this.#options
    if (this.#deadlineMs === Number.POSITIVE_INFINITY) this.#deadlineMs = nowMs + receiptsWithinMs
    if (this.#complete() || nowMs >= this.#deadlineMs) this.#finish()
  }

  #complete(): boolean {
    return !this.#options.registeredDelivery || this.#receiptsMissing <= 0
  }

  async #closeLanes(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.close()))
  }

  #report(): LoadReport {
    return {
      run: this.#name,
      sent: this.#taken,
      answered: this.#answered,
      repeatedIds: this.#repeatedIds,
      refused: this.#refused,
      unknown: [...this.#unknown],
      late: this.#late,
      answers: byName(this.#answers),
      throttled: this.#throttled,
      reconnects: this.#lanes.reduce((sum, lane) => sum + lane.reconnects, 0),
      receipts: this.#receipts,
      incoming: this.#incoming,
      latency: this.#latency.summary(),
      firstSentAtMs: this.#firstSentAtMs,
      lastAnsweredAtMs: this.#lastAnsweredAtMs,
      lastReceiptAtMs: this.#lastReceiptAtMs,
      answeredPerSecond: filled(this.#answeredPerSecond),
      receiptsPerSecond: filled(this.#receiptsPerSecond),
      answerSilences: this.#answerSilences.found,
      receiptSilences: this.#receiptSilences.found,
      complete: this.#complete(),
    }
  }
}

function byName(answers: ReadonlyMap<number, number>): Map<string, number> {
  return new Map([...answers].map(([status, count]) => [commandStatusName(status), count]))
}

function countIn(perSecond: number[], second: number): void {
  perSecond[second] = (perSecond[second] ?? 0) + 1
}

/** Replaces the holes of the array, which are seconds without events, with 0. */
function filled(perSecond: readonly number[]): number[] {
  return Array.from(perSecond, (count) => count ?? 0)
}
