// Messages that may be what breaks the link: each was lost with it more than once. They are sent
// one at a time, each over a bind that carries nothing else, so that the next loss tells which one
// it is. Between two of them the bind belongs to all other messages for as long as the last suspect
// had it, so nobody starves.

import type { Task } from './submitLane.ts'

/** What a suspect needs of a bind. */
export interface QuietBind {
  readonly bound: boolean
  /** Submissions without an answer yet. */
  readonly unanswered: number
  /** Whether the SMSC has answered something in its present session, or had time enough to. */
  readonly isSettled: boolean
}

interface Turn<Bind> {
  bind: Bind
  task: Task | undefined
  sinceMs: number
}

/** A bind is given up to others again when a suspect has not harmed it in this time. */
const ALONE_MS_MAX = 5_000
/** Submissions that are older than this do not keep a bind from being quiet. */
const QUIET_MS_MAX = 5_000
const REST_MS_MIN = 50
/** How often a link that is new is looked at. */
const SETTLING_MS = 50

export class Suspects<Bind extends QuietBind> {
  #waiting: Task[] = []
  #turn: Turn<Bind> | undefined
  #restUntilMs = Number.NEGATIVE_INFINITY

  get size(): number {
    return this.#waiting.length
  }

  add(task: Task): void {
    this.#waiting.push(task)
  }

  /** Takes out those that wait and that `isOut` names. */
  takeOut(isOut: (task: Task) => boolean): Task[] {
    const out = this.#waiting.filter(isOut)
    if (out.length > 0) this.#waiting = this.#waiting.filter((task) => !out.includes(task))
    return out
  }

  /** When the first of those that wait ends; Infinity for never. */
  get firstEndMs(): number {
    return Math.min(...this.#waiting.map(({ expiresAtMs = Infinity }) => expiresAtMs))
  }

  clear(): void {
    this.#waiting = []
    this.#turn = undefined
  }

  /** Whether others must keep off this bind. */
  reserves(bind: Bind): boolean {
    return this.#turn?.bind === bind
  }

  /** The suspect was answered, or its link was lost. */
  ended(task: Task, nowMs: number): void {
    if (this.#turn?.task?.index !== task.index || this.#turn.task.work !== task.work) return
    this.#endTurn(nowMs)
  }

  /**
   * The suspect that may be sent now and its bind, or the time until there may be one, in ms. The
   * caller then calls sent() or putBack(). A link that is new serves others first: whether it works
   * for them tells whose fault the next loss is.
   */
  next(binds: readonly Bind[], nowMs: number): { task: Task; bind: Bind } | number {
    const turn = this.#turnAt(nowMs) ?? this.#begin(binds, nowMs)
    if (!turn) {
      const mayBegin = this.#waiting.length > 0 && binds.some((bind) => bind.bound)
      return mayBegin ? Math.max(this.#restUntilMs - nowMs, SETTLING_MS) : Infinity
    }
    if (turn.task) return turn.sinceMs + ALONE_MS_MAX - nowMs
    const quietAtMs = turn.sinceMs + QUIET_MS_MAX
    if (turn.bind.unanswered > 0 && nowMs < quietAtMs) return quietAtMs - nowMs
    const task = this.#waiting.shift()
    if (task) return { task, bind: turn.bind }
    // The one whose turn it was is not sent from here any more.
    this.#endTurn(nowMs)
    return Infinity
  }

  /** Answers how long others keep off its bind at most, in ms. */
  sent(task: Task, nowMs: number): number {
    if (this.#turn) this.#turn = { ...this.#turn, task, sinceMs: nowMs }
    return ALONE_MS_MAX
  }

  /** It could not be sent yet. */
  putBack(task: Task): void {
    this.#waiting.unshift(task)
    if (this.#turn) this.#turn = { ...this.#turn, task: undefined }
  }

  /** The turn that goes on, if there is one. */
  #turnAt(nowMs: number): Turn<Bind> | undefined {
    const turn = this.#turn
    if (!turn) return undefined
    if (turn.task && nowMs - turn.sinceMs >= ALONE_MS_MAX) this.#endTurn(nowMs)
    else if (!turn.bind.bound) this.#turn = undefined
    return this.#turn
  }

  #begin(binds: readonly Bind[], nowMs: number): Turn<Bind> | undefined {
    if (this.#waiting.length === 0 || nowMs < this.#restUntilMs) return undefined
    const fit = binds.filter((bind) => bind.bound && bind.isSettled)
    const [bind] = fit.toSorted((a, b) => a.unanswered - b.unanswered)
    if (bind) this.#turn = { bind, task: undefined, sinceMs: nowMs }
    return this.#turn
  }

  #endTurn(nowMs: number): void {
    const tookMs = nowMs - (this.#turn?.sinceMs ?? nowMs)
    this.#restUntilMs = nowMs + Math.max(REST_MS_MIN, tookMs)
    this.#turn = undefined
  }
}
