// Logs the state of upstream binds. A line is logged when binds of a connector come up, when they
// go down, and when this process closes them. The line states the reason why binds went down or
// were closed. While any bind of a connector is down, another line is logged each minute. Binds of
// a connector that change state at about the same time share a line. A bind whose link the carrier
// cuts again and again is logged about once a minute.

import { Outage } from '../../flow/outage.ts'
import type { BindId } from '../../message/ids.ts'
import type { Logger } from '../../runtime/log.ts'
import { countsOf, type Fields, TELL_EVERY_MS } from '../../runtime/troubleLog.ts'

/** Receives the events of one connector's binds. */
export interface BindEvents {
  /** The bind is up. */
  up(bind: BindId): void
  /** The link of the bind was lost. */
  lost(bind: BindId, reason: string): void
  /** An attempt to bind failed. */
  failed(bind: BindId, reason: string): void
  /** This process closed the bind and will not open it again. */
  closed(bind: BindId, reason: string): void
}

/** Ignores all events. */
export const SILENT: BindEvents = {
  up: () => undefined,
  lost: () => undefined,
  failed: () => undefined,
  closed: () => undefined,
}

interface Bind {
  isUp: boolean
  sinceMs: number
  /** The state that was last logged. */
  told: 'up' | 'down' | undefined
  toldUpAtMs: number
  reason: string
}

/** A bind that came up is logged once it has stayed up for this time. */
const SETTLE_MS = 500
/**
 * A bind that was logged as up within the last minute must stay up this long to be logged again.
 */
const SETTLE_AGAIN_MS = 10_000
/**
 * Links often break and come back seconds apart. After a line about binds that are down, all binds
 * that fail within this time share the next line. A line about binds that are up is delayed by up
 * to this time, so that the remaining binds can share it.
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

  /** Writes the lines that are due. Called about once a second, and before the process exits. */
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
    // The result of failed() is ignored, because #tellDown logs the start of the outage.
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

  /** Whether to log the binds that are up now instead of waiting for the remaining binds. */
  #mayTellUp(nowMs: number): boolean {
    const binds = [...this.#binds.values()]
    const untold = binds.filter((bind) => hasSettled(bind, nowMs))
    const isComplete = binds.every((bind) => bind.told === 'up' || untold.includes(bind))
    const firstMs = Math.min(...untold.map(({ sinceMs }) => sinceMs))
    return isComplete || nowMs - firstMs >= GATHER_MS
  }

  /**
   * Marks the binds for which `isMeant` is true as logged in the state `told`. Returns their ids.
   */
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
