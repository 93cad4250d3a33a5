// What the log says about upstream binds: one line when binds of a connector come up, go down or
// are closed here, with the reason, and one a minute while some are down. Binds that change at
// about the same time share a line. While a carrier accepts a bind and cuts it again, only the line
// of each minute tells of it.

import { Outage } from '../../flow/outage.ts'
import type { BindId } from '../../message/ids.ts'
import type { Logger } from '../../runtime/log.ts'
import { countsOf, type Fields, TELL_EVERY_MS } from '../../runtime/troubleLog.ts'

/** What happens to the binds of one connector. */
export interface BindEvents {
  /** It is bound. */
  up(bind: BindId): void
  /** Its link was lost. */
  lost(bind: BindId, reason: string): void
  /** An attempt to bind failed. */
  failed(bind: BindId, reason: string): void
  /** This process closed it, and will not open it again. */
  closed(bind: BindId, reason: string): void
}

/** Tells nobody. */
export const SILENT: BindEvents = {
  up: () => undefined,
  lost: () => undefined,
  failed: () => undefined,
  closed: () => undefined,
}

interface Bind {
  isUp: boolean
  sinceMs: number
  /** The state that the log told last. */
  told: 'up' | 'down' | undefined
  toldUpAtMs: number
  reason: string
}

/** A bind that came up is told after this time. */
const SETTLE_MS = 500
/** One that has been told as up and down within the last minute must stay up for longer. */
const SETTLE_AGAIN_MS = 10_000
/**
 * Links break and come back seconds apart: after a first line, those that follow within this time
 * share the next, and the binds that came up are told together.
 */
const GATHER_MS = 15_000
const UNTOLD: Omit<Bind, 'isUp' | 'sinceMs'> = {
  told: undefined,
  toldUpAtMs: Number.NEGATIVE_INFINITY,
  reason: '',
}
const BINDS_NAMED_MAX = 10
const REASONS_MAX = 3

export class BindLog {
  readonly #log: Pick<Logger, 'info' | 'warn'>
  readonly #nowMs: () => number
  readonly #connectors = new Map<string, ConnectorBinds>()

  constructor(log: Pick<Logger, 'info' | 'warn'>, nowMs = () => performance.now()) {
    this.#log = log
    this.#nowMs = nowMs
  }

  of(connector: string): BindEvents {
    const binds = (): ConnectorBinds => {
      let known = this.#connectors.get(connector)
      if (!known) this.#connectors.set(connector, (known = new ConnectorBinds(connector)))
      return known
    }
    return {
      up: (bind) => binds().up(bind, this.#nowMs()),
      lost: (bind, reason) => binds().down(bind, reason, this.#nowMs()),
      failed: (bind, reason) => binds().down(bind, reason, this.#nowMs()),
      closed: (bind, reason) => binds().closed(bind, reason),
    }
  }

  /** Called about once a second, and before the process ends. */
  tick(nowMs = this.#nowMs()): void {
    for (const [connector, binds] of this.#connectors) {
      binds.tell(this.#log, nowMs)
      if (binds.isEmpty) this.#connectors.delete(connector)
    }
  }
}

class ConnectorBinds {
  readonly #connector: string
  readonly #binds = new Map<BindId, Bind>()
  readonly #closed = new Map<BindId, string>()
  #toldDownAtMs = Number.NEGATIVE_INFINITY
  readonly #outage = new Outage({ everyMs: TELL_EVERY_MS, settleMs: 0 })

  constructor(connector: string) {
    this.#connector = connector
  }

  get isEmpty(): boolean {
    return this.#binds.size === 0
  }

  up(id: BindId, nowMs: number): void {
    this.#binds.set(id, { ...(this.#binds.get(id) ?? UNTOLD), isUp: true, sinceMs: nowMs })
  }

  down(id: BindId, reason: string, nowMs: number): void {
    const known = this.#binds.get(id) ?? UNTOLD
    this.#binds.set(id, { ...known, isUp: false, sinceMs: nowMs, reason })
    // The line about the binds that are down tells of the start.
    this.#outage.failed(nowMs, reason)
  }

  closed(id: BindId, reason: string): void {
    if (this.#binds.delete(id)) this.#closed.set(id, reason)
  }

  tell(log: Pick<Logger, 'info' | 'warn'>, nowMs: number): void {
    this.#tellDown(log, nowMs)
    if (this.#closed.size > 0) log.info(this.#closedFields(), 'upstream binds were closed')
    this.#closed.clear()
    const up = this.#mayTellUp(nowMs)
      ? this.#take((bind) => hasSettled(bind, nowMs), 'up', nowMs)
      : []
    const isOver = ![...this.#binds.values()].some(({ told }) => told === 'down')
    if (isOver) this.#outage.recovered(nowMs)
    const news = this.#outage.tick(nowMs)
    const counts = news?.kind === 'ended' ? countsOf(news) : {}
    if (up.length > 0) log.info({ ...this.#fields(up, false), ...counts }, 'upstream binds are up')
    if (news?.kind !== 'lasts') return
    const still = [...this.#binds].filter(([, { isUp }]) => !isUp).map(([id]) => id)
    if (still.length > 0)
      log.warn({ ...this.#fields(still), ...countsOf(news) }, 'upstream binds are still down')
  }

  #tellDown(log: Pick<Logger, 'warn'>, nowMs: number): void {
    if (nowMs - this.#toldDownAtMs < GATHER_MS) return
    const down = this.#take(({ isUp, told }) => !isUp && told !== 'down', 'down', nowMs)
    if (down.length === 0) return
    this.#toldDownAtMs = nowMs
    log.warn(this.#fields(down), 'upstream binds are down')
  }

  /** The others are about to come up too, or keep failing. */
  #mayTellUp(nowMs: number): boolean {
    const binds = [...this.#binds.values()]
    const untold = binds.filter((bind) => hasSettled(bind, nowMs))
    const isComplete = binds.every((bind) => bind.told === 'up' || untold.includes(bind))
    const firstMs = Math.min(...untold.map(({ sinceMs }) => sinceMs))
    return isComplete || nowMs - firstMs >= GATHER_MS
  }

  /** The binds that the log tells of now. */
  #take(isMeant: (bind: Bind) => boolean, told: 'up' | 'down', nowMs: number): BindId[] {
    const taken: BindId[] = []
    for (const [id, bind] of this.#binds) {
      if (!isMeant(bind)) continue
      bind.told = told
      if (told === 'up') bind.toldUpAtMs = nowMs
      taken.push(id)
    }
    return taken
  }

  #fields(ids: readonly BindId[], hasReason = true): Fields {
    const reasons = ids.map((id) => this.#binds.get(id)?.reason ?? '')
    return {
      connector: this.#connector,
      binds: named(ids),
      bindsUp: this.#bindsUp,
      ...(hasReason && { reason: joined(reasons) }),
    }
  }

  #closedFields(): Fields {
    return {
      connector: this.#connector,
      binds: named([...this.#closed.keys()]),
      bindsUp: this.#bindsUp,
      reason: joined([...this.#closed.values()]),
    }
  }

  get #bindsUp(): number {
    return [...this.#binds.values()].filter(({ isUp }) => isUp).length
  }
}

function hasSettled({ isUp, sinceMs, told, toldUpAtMs }: Bind, nowMs: number): boolean {
  if (!isUp || told === 'up') return false
  const isFlapping = nowMs - toldUpAtMs < TELL_EVERY_MS
  return nowMs - sinceMs >= (isFlapping ? SETTLE_AGAIN_MS : SETTLE_MS)
}

function named(ids: readonly BindId[]): readonly string[] {
  const more = ids.length - BINDS_NAMED_MAX
  return more > 0 ? [...ids.slice(0, BINDS_NAMED_MAX), `and ${more} more`] : ids
}

function joined(reasons: readonly string[]): string {
  return [...new Set(reasons)].slice(0, REASONS_MAX).join('; ')
}
