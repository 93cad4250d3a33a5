// What a process says about trouble. Trouble that repeats is told at its start, once a minute with
// a count, and at its end. An expected failure is told by its reason; a defect has a stack.

import { Outage, type OutageNews } from '../flow/outage.ts'
import { isExpected, reasonOf } from '../flow/reasonOf.ts'
import type { Logger } from './log.ts'

export type Fields = Readonly<Record<string, unknown>>

/** The texts of an outage for the log. */
export interface OutageTexts {
  readonly began: string
  readonly lasts: string
  readonly ended: string
  /** For an outage that is forgotten while it lasts. */
  readonly gone?: string
}

/** An outage whose end its owner notices. */
export interface WatchedOutage {
  failed(error: Error): void
  recovered(): void
  /** Nobody tries any more, so nobody will notice its end. */
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
/** A success among failures of a peer is not its return. */
const SETTLE_MS = 2_000
/** Kinds of repeated trouble that are told apart. More are told together. */
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

  /** Ticks until stop(). The timer keeps no process alive. */
  start(): void {
    this.#timer = setInterval(() => this.tick(), TICK_MS).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Also calls `onTick` once a second. */
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
   * Trouble that may repeat. Trouble with the same text and fields counts as the same.
   *
   * @param more fields of the first line only
   */
  report(what: string, error: Error, fields: Fields = {}, more: Fields = {}): void {
    const key = `${what}\n${JSON.stringify(fields)}`
    const known = this.#repeated.get(key) ?? this.#newRepeated(key, what, fields)
    const nowMs = this.#nowMs()
    const news = known.outage.failed(nowMs, reasonOf(error))
    // Nobody notices its end, so it is over after a minute without a failure.
    known.outage.recovered(nowMs)
    if (news) this.#log.warn({ ...fields, ...more, ...detailsOf(error) }, what)
  }

  /** An outage whose end is noticed, with one line for each of its news. */
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
      const rest = 'other trouble; too many kinds to tell them apart'
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

/** For every line about an outage: how many attempts failed, and how long it has lasted. */
export function countsOf({ failures, lastedMs }: { failures: number; lastedMs: number }): Fields {
  return { failures, lastedSeconds: Math.round(lastedMs / 1_000) }
}

/** An expected failure is told by its reason. A defect comes with its stack. */
export function detailsOf(error: Error): Fields {
  return isExpected(error) ? { reason: reasonOf(error) } : { err: error }
}
