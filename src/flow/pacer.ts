// Spaces sends evenly at a rate that may change. Two rules hold at once: sends are due on a grid,
// one per interval, and no sliding second of our writes holds more than the rate. Both leave a
// margin, because the peer counts by its own clock and reads some octets later than others. A late
// answer is a sign of that, so the second of its message begins later.

/** The grid is slower than the rate by this share: 20 a second are 51 ms apart. */
const GRID_MARGIN = 0.02
/** A window counts as over so much later, and by as much again as the answer was late, up to 20. */
const WINDOW_MARGIN_MS = 10
const LATE_ANSWER_MS_MAX = 20
/** The answers of which the fastest says what is usual: so many, and up to twice as many. */
const USUAL_ANSWERS = 100
/**
 * Until then nobody knows what is usual. A peer that has just started reads its first messages
 * late, so these count as answered late.
 */
const FIRST_ANSWERS = 5
/**
 * Sends that were late, because the event loop was, are made up for, but no more than the grid has
 * in this time, and at twice the rate at most.
 */
const MADE_UP_MS_MAX = 200
const MADE_UP_RATE = 2
/** While they are made up for, as many may go at once as the doubled rate has in this time. */
const AT_ONCE_MS = 20
/** What is due within this time goes now: timers are no finer. */
const TIMER_MS = 1
const WINDOW_MS = 1000

/**
 * The rate is in messages a second, and 0 at first. A fraction above a whole number is not used;
 * below one a second the window is stretched: 0.5 is one in two seconds, while 2.5 is two in one,
 * because three would be too many in some second.
 */
export class Pacer {
  #rate = 0
  #burst = 1
  #windowMs = Number.POSITIVE_INFINITY
  #intervalMs = Number.POSITIVE_INFINITY
  /** The times of the last sends, as many as a window may hold. */
  #ring = new Float64Array(1).fill(Number.NEGATIVE_INFINITY)
  /** Of all sends, and up to the last change of the rate: a new ring begins with the next one. */
  #sends = 0
  #sendsBefore = 0
  /** The newest of them whose octets may not have left yet. */
  #unwritten = 0
  #dueMs = Number.NEGATIVE_INFINITY
  /** On the grid of the doubled rate. */
  #notBeforeMs = Number.NEGATIVE_INFINITY
  /** A message waits for its time, so that being late is our delay and not a want of messages. */
  #isAwaited = false
  #raise: { rate: number; fromMs: number } | undefined
  #answers = 0
  /** From write to answer at the fastest, of the present answers and of the ones before them. */
  #fastestMs = Number.POSITIVE_INFINITY
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
   * A lower rate holds at once. A higher one is used one window later: until then what is added may
   * still be counted for whoever sent it before.
   *
   * @param burst how many may go at once after a rest; never more than the rate in any second
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
   * How long the message that waits has to wait, ms; 0 if it may go now, Infinity if it may not go
   * before the rate is raised.
   */
  waitMs(nowMs: number): number {
    this.#takeRaise(nowMs)
    // The place to be overwritten next holds the oldest of the last sends.
    const oldestMs = this.#ring[this.#placeOf(this.#sends)] ?? Number.NEGATIVE_INFINITY
    const dueMs = Math.max(this.#dueMs, this.#notBeforeMs)
    let readyMs = Math.max(dueMs - TIMER_MS, oldestMs + this.#windowMs)
    if (this.#rate === 0) readyMs = Number.POSITIVE_INFINITY
    if (this.#raise) readyMs = Math.min(readyMs, this.#raise.fromMs)
    if (readyMs <= nowMs) return 0
    this.#isAwaited = true
    return readyMs - nowMs
  }

  /** Returns the number of the send, for answered(). */
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

  /** The octets of all sends so far have left by now: the window counts from here. */
  written(nowMs: number): void {
    const first = this.#sends - Math.min(this.#unwritten, this.#sends - this.#sendsBefore)
    for (let send = first; send < this.#sends; send++) this.#ring[this.#placeOf(send)] = nowMs
    this.#unwritten = 0
  }

  /** The peer read the message at the latest now, and it may count its second from then. */
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
