// Spaces sends evenly at a rate that may change. Two rules apply. First, sends are due on a grid,
// one per interval. Second, the write of each message begins a window of one second, and no window
// contains more writes than the rate allows. Both rules have a margin, because the peer counts with
// its own clock and does not read all octets equally fast. A late answer suggests that the peer
// read the message late, so the window of that message is moved to begin later.

/** The grid is slower than the rate by this fraction: at 20 a second, sends are 51 ms apart. */
const GRID_MARGIN = 0.02
/** The margin that is added to the length of every window. */
const WINDOW_MARGIN_MS = 10
/** The maximum time by which a late answer to a message moves the beginning of its window. */
const LATE_ANSWER_MS_MAX = 20
/**
 * An answer is late if it takes longer than usual. The usual time is the shortest time that a
 * recent answer took. The recent answers are at least the last 100 answers, and at most the last
 * 200.
 */
const USUAL_ANSWERS = 100
/**
 * While this many first answers arrive, the usual time is not yet known. A peer that has just
 * started reads its first messages late, so the whole time to each of these answers counts as
 * delay.
 */
const FIRST_ANSWERS = 5
/**
 * If the event loop is delayed, sends that were due are missed, and are made up afterwards. At most
 * the sends of the last 200 ms are made up, and at no more than twice the rate.
 */
const MADE_UP_MS_MAX = 200
const MADE_UP_RATE = 2
/**
 * While sends are made up, as many messages may be sent together as the doubled rate allows in this
 * time.
 */
const AT_ONCE_MS = 20
/** A send that is due within this time is allowed now, because timers are no more precise. */
const TIMER_MS = 1
const WINDOW_MS = 1000

/**
 * The rate is in messages a second. It is 0 at first. A rate above one is rounded down: 2.5 means
 * two messages in each second, because three would exceed the rate in some second. A rate below one
 * lengthens the window: 0.5 means one message in two seconds.
 */
export class Pacer {
  #rate = 0
  #burst = 1
  #windowMs = Number.POSITIVE_INFINITY
  #intervalMs = Number.POSITIVE_INFINITY
  /** The times of the last sends. The ring has a place for each send that a window may contain. */
  #ring = new Float64Array(1).fill(Number.NEGATIVE_INFINITY)
  /** The number of all sends. */
  #sends = 0
  /** The number of sends until the last change of the rate, which started a new ring. */
  #sendsBefore = 0
  /** How many of the latest sends have not been confirmed by written(). */
  #unwritten = 0
  #dueMs = Number.NEGATIVE_INFINITY
  /** The time when the next send is due on the grid of the doubled rate. */
  #notBeforeMs = Number.NEGATIVE_INFINITY
  /**
   * True while a message waits until it may be sent. If that message is then sent late, the cause
   * is our own delay and not a lack of messages.
   */
  #isAwaited = false
  #raise: { rate: number; fromMs: number } | undefined
  #answers = 0
  /** The shortest time from a write to its answer, among the current group of answers. */
  #fastestMs = Number.POSITIVE_INFINITY
  /** The shortest time from a write to its answer, among the previous group of answers. */
  #fastestBeforeMs = Number.POSITIVE_INFINITY

  rateAt(nowMs: number): number {
    this.#takeRaise(nowMs)
    return this.#rate
  }

  /** True if sends are or will be allowed without another change of the rate. */
  get isOpen(): boolean {
    return this.#rate > 0 || this.#raise !== undefined
  }

  /**
   * Sets the rate. A lower rate takes effect immediately. A higher rate takes effect one window
   * later, because another process may have used the added part of the rate until now.
   *
   * @param burst the number of messages that may be sent together after a pause; the limit for each
   * second still applies
   */
  setRate(rate: number, burst: number, nowMs: number): void {
    this.#takeRaise(nowMs)
    if (rate > this.#rate) {
      const expected = this.#raise?.rate ?? this.#rate
      const fromMs = nowMs + windowOf(rate) + WINDOW_MARGIN_MS
      if (rate > expected || !this.#raise) this.#raise = { rate, fromMs }
      else this.#raise.rate = rate
    } else {
      this.#raise = undefined
      if (rate < this.#rate) this.#use(rate)
    }
    this.#burst = burst
  }

  /**
   * The time in milliseconds that the next message has to wait. 0 means that it may be sent now.
   * Infinity means that it cannot be sent until the rate is raised.
   */
  waitMs(nowMs: number): number {
    this.#takeRaise(nowMs)
    // The place that is overwritten next has the time of the oldest send.
    const oldestMs = this.#ring[this.#placeOf(this.#sends)] ?? Number.NEGATIVE_INFINITY
    const dueMs = Math.max(this.#dueMs, this.#notBeforeMs)
    let readyMs = Math.max(dueMs - TIMER_MS, oldestMs + this.#windowMs)
    if (this.#rate === 0) readyMs = Number.POSITIVE_INFINITY
    if (this.#raise) readyMs = Math.min(readyMs, this.#raise.fromMs)
    if (readyMs <= nowMs) return 0
    this.#isAwaited = true
    return readyMs - nowMs
  }

  /** Call for each send. Returns the number of the send, which must be passed to answered(). */
  sent(nowMs: number): number {
    const burstMs = (this.#burst - 1) * this.#intervalMs
    const lateMs = this.#isAwaited ? Math.max(MADE_UP_MS_MAX, burstMs) : burstMs
    this.#dueMs = Math.max(this.#dueMs, nowMs - lateMs) + this.#intervalMs
    const spacingMs = this.#intervalMs / MADE_UP_RATE
    const atOnceMs = Math.max(0, AT_ONCE_MS - spacingMs, burstMs)
    this.#notBeforeMs = Math.max(this.#notBeforeMs, nowMs - atOnceMs) + spacingMs
    if (this.#dueMs > nowMs) this.#isAwaited = false
    this.#ring[this.#placeOf(this.#sends)] = nowMs
    this.#unwritten++
    return this.#sends++
  }

  /** Call when the octets of all sends so far have been written. Their windows begin now. */
  written(nowMs: number): void {
    const first = this.#sends - Math.min(this.#unwritten, this.#sends - this.#sendsBefore)
    for (let send = first; send < this.#sends; send++) this.#ring[this.#placeOf(send)] = nowMs
    this.#unwritten = 0
  }

  /**
   * Call when a send is answered. The peer may have read the message as late as now, and may begin
   * its own window at that time.
   */
  answered(send: number, nowMs: number): void {
    if (send < Math.max(this.#sendsBefore, this.#sends - this.#ring.length)) return
    const place = this.#placeOf(send)
    const writtenMs = this.#ring[place] ?? nowMs
    const lateMs = nowMs - writtenMs - this.#usualAnswerMs(nowMs - writtenMs)
    this.#ring[place] = writtenMs + Math.min(lateMs, LATE_ANSWER_MS_MAX)
  }

  #usualAnswerMs(answerMs: number): number {
    if (++this.#answers % USUAL_ANSWERS === 0) {
      this.#fastestBeforeMs = this.#fastestMs
      this.#fastestMs = Number.POSITIVE_INFINITY
    }
    this.#fastestMs = Math.min(this.#fastestMs, answerMs)
    if (this.#answers <= FIRST_ANSWERS) return 0
    return Math.min(this.#fastestMs, this.#fastestBeforeMs)
  }

  #placeOf(send: number): number {
    return (send - this.#sendsBefore) % this.#ring.length
  }

  #takeRaise(nowMs: number): void {
    if (!this.#raise || nowMs < this.#raise.fromMs) return
    this.#use(this.#raise.rate)
    this.#dueMs = Math.max(this.#dueMs, this.#raise.fromMs)
    this.#raise = undefined
  }

  #use(rate: number): void {
    const oldest = this.#placeOf(this.#sends)
    const oldestFirst = [...this.#ring.subarray(oldest), ...this.#ring.subarray(0, oldest)]
    this.#ring = new Float64Array(Math.max(1, Math.floor(rate))).fill(Number.NEGATIVE_INFINITY)
    const newest = oldestFirst.slice(-this.#ring.length)
    this.#ring.set(newest, this.#ring.length - newest.length)
    this.#sendsBefore = this.#sends
    this.#rate = rate
    this.#windowMs = windowOf(rate) + WINDOW_MARGIN_MS
    this.#intervalMs = (windowOf(rate) / this.#ring.length) * (1 + GRID_MARGIN)
  }
}

function windowOf(rate: number): number {
  return rate < 1 ? WINDOW_MS / rate : WINDOW_MS
}
