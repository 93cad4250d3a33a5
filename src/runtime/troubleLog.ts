// Logs errors that may repeat. Such an error is logged when it first occurs, once a minute with a
// count while it continues to occur, and when it no longer occurs. An error that is part of normal
// operation, such as an unavailable peer, is logged with its reason. A defect is logged with its
// stack.

import { Outage, type OutageNews } from '../flow/outage.ts'
import { isExpected, reasonOf } from '../flow/reasonOf.ts'
import type { Logger } from './log.ts'

export type Fields = Readonly<Record<string, unknown>>

/** The log messages for an outage. */
export interface OutageTexts {
  readonly began: string
  readonly lasts: string
  readonly ended: string
  /** The message if the outage is forgotten before it has ended. */
  readonly gone?: string
}

/** An outage whose owner reports each failure and each success. */
export interface WatchedOutage {
  failed(error: Error): void
  recovered(): void
  /** Stops watching. Call when no more attempts will be made that could end the outage. */
  forget(): void
}

export interface TroubleLogOptions {
  readonly log: Pick<Logger, 'info' | 'warn'>
  /** Monotonic milliseconds. */
  readonly nowMs?: () => number
}

interface Watched {
  readonly outage: Outage
  tell(news: OutageNews): void
}

export const TELL_EVERY_MS = 60_000
const TICK_MS = 1_000
/** A success ends a watched outage only if no failure follows within this time. */
const SETTLE_MS = 2_000
/** The maximum number of kinds of repeated errors that are logged separately. */
const KINDS_MAX = 200

export class TroubleLog {
  readonly #log: TroubleLogOptions['log']
  readonly #nowMs: () => number
  readonly #repeated = new Map<string, Watched>()
  readonly #watched = new Set<Watched>()
  readonly #tickers = new Set<(nowMs: number) => void>()
  #timer: NodeJS.Timeout | undefined

  constructor({ log, nowMs = () => performance.now() }: TroubleLogOptions) {
    this.#log = log
    this.#nowMs = nowMs
  }

  /** Starts the timer, which does not keep the process alive. */
  start(): void {
    this.#timer = setInterval(() => this.tick(), TICK_MS).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Registers a function that is called once a second. */
  eachTick(onTick: (nowMs: number) => void): void {
    this.#tickers.add(onTick)
  }

  tick(): void {
    const nowMs = this.#nowMs()
    for (const one of [...this.#watched, ...this.#repeated.values()]) {
      const news = one.outage.tick(nowMs)
      if (news) one.tell(news)
    }
    for (const [key, { outage }] of this.#repeated) if (!outage.isOn) this.#repeated.delete(key)
    for (const onTick of this.#tickers) onTick(nowMs)
  }

  /**
   * Logs an error that may repeat. Calls with the same `what` and `fields` report the same error.
   *
   * @param more additional fields, which are logged only with the first occurrence
   */
  report(what: string, error: Error, fields: Fields = {}, more: Fields = {}): void {
    const key = `${what}\n${JSON.stringify(fields)}`
    const known = this.#repeated.get(key) ?? this.#newRepeated(key, what, fields)
    const nowMs = this.#nowMs()
    const news = known.outage.failed(nowMs, reasonOf(error))
    // Callers do not report successes, so the outage ends after a minute without a failure.
    known.outage.recovered(nowMs)
    if (news) this.#log.warn({ ...fields, ...more, ...detailsOf(error) }, what)
  }

  /** Watches an outage. Logs one line when it begins, one each minute, and one when it ends. */
  watch(texts: OutageTexts, fields: Fields = {}): WatchedOutage {
    const outage = new Outage({ everyMs: TELL_EVERY_MS, settleMs: SETTLE_MS })
    const watched: Watched = {
      outage,
      tell: (news) => {
        if (news.kind === 'ended') this.#log.info({ ...fields, ...countsOf(news) }, texts.ended)
        if (news.kind === 'lasts')
          this.#log.warn({ ...fields, ...countsOf(news), reason: news.reason }, texts.lasts)
      },
    }
    this.#watched.add(watched)
    return {
      failed: (error) => {
        if (outage.failed(this.#nowMs(), reasonOf(error)))
          this.#log.warn({ ...fields, ...detailsOf(error) }, texts.began)
      },
      recovered: () => outage.recovered(this.#nowMs()),
      forget: () => {
        this.#watched.delete(watched)
        if (outage.isOn && texts.gone !== undefined) this.#log.info(fields, texts.gone)
      },
    }
  }

  #newRepeated(key: string, what: string, fields: Fields): Watched {
    if (this.#repeated.size >= KINDS_MAX && key !== '') {
      const rest = 'other errors occurred, of too many kinds to log separately'
      return this.#repeated.get('') ?? this.#newRepeated('', rest, {})
    }
    const outage = new Outage({ everyMs: TELL_EVERY_MS, settleMs: TELL_EVERY_MS })
    const repeated: Watched = {
      outage,
      tell: (news) => {
        if (news.kind === 'lasts' && news.failures > 0)
          this.#log.warn({ ...fields, ...countsOf(news), reason: news.reason }, `${what} (again)`)
        if (news.kind === 'ended' && news.failures > 1)
          this.#log.info({ ...fields, ...countsOf(news) }, `${what} (no longer)`)
      },
    }
    this.#repeated.set(key, repeated)
    return repeated
  }
}

/** The fields for a line about an outage: the number of failures, and its duration in seconds. */
export function countsOf({ failures, lastedMs }: { failures: number; lastedMs: number }): Fields {
  return { failures, lastedSeconds: Math.round(lastedMs / 1_000) }
}

/** The log fields for an error: the reason if the error is expected, or else the error itself. */
export function detailsOf(error: Error): Fields {
  return isExpected(error) ? { reason: reasonOf(error) } : { err: error }
}
