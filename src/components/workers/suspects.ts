// A suspect is a message that may be the cause of lost links, because it was unanswered more than
// once when a link was lost. Suspects are sent one at a time, on a bind that carries no other
// messages. If that link is lost, the suspect is the cause. After each suspect, the bind is free
// for other messages for as long as the suspect used it, so that other messages do not starve.

import type { Task } from './submitLane.ts'

/** The state of a bind that decides whether it can carry a suspect. */
export interface QuietBind {
  readonly bound: boolean
  /** The number of submissions without an answer so far. */
  readonly unanswered: number
  /** Whether the SMSC has answered a submission in this session, or had enough time to do so. */
  readonly isSettled: boolean
}

/** The time in which a bind is reserved for a suspect. */
interface Turn<Bind> {
  bind: Bind
  task: Task | undefined
  sinceMs: number
}

/** The longest time that a bind waits for a suspect's answer before it carries other messages. */
const ALONE_MS_MAX = 5_000
/** After this wait, a suspect is sent even if older submissions on its bind are unanswered. */
const QUIET_MS_MAX = 5_000
const REST_MS_MIN = 50
/** The interval at which a new link is checked until it is settled. */
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

  /** Removes and returns the waiting suspects for which `isOut` is true. */
  takeOut(isOut: (task: Task) => boolean): Task[] {
    const out = this.#waiting.filter(isOut)
    if (out.length > 0) this.#waiting = this.#waiting.filter((task) => !out.includes(task))
    return out
  }

  /** When the first waiting suspect expires, in epoch ms, or Infinity for never. */
  get firstEndMs(): number {
    return Math.min(...this.#waiting.map(({ expiresAtMs = Infinity }) => expiresAtMs))
  }

  clear(): void {
    this.#waiting = []
    this.#turn = undefined
  }

  /** Whether other messages must not use this bind. */
  reserves(bind: Bind): boolean {
    return this.#turn?.bind === bind
  }

  /** Called when the suspect was answered or its link was lost. */
  ended(task: Task, nowMs: number): void {
    if (this.#turn?.task?.index !== task.index || this.#turn.task.work !== task.work) return
    this.#endTurn(nowMs)
  }

  /**
   * Returns the suspect to send now and its bind, or the ms until a suspect may be sent. If a
   * suspect is returned, the caller must call sent() or putBack(). A new link carries other
   * messages first. If the SMSC answers them, a later loss of the link is blamed on the suspect.
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
    // The suspect that this bind was reserved for no longer waits here.
    this.#endTurn(nowMs)
    return Infinity
  }

  /**
   * Starts the time in which the suspect has its bind alone. Returns the limit of that time in ms.
   */
  sent(task: Task, nowMs: number): number {
    if (this.#turn) this.#turn = { ...this.#turn, task, sinceMs: nowMs }
    return ALONE_MS_MAX
  }

  /** Called when the suspect could not be sent yet. */
  putBack(task: Task): void {
    this.#waiting.unshift(task)
    if (this.#turn) this.#turn = { ...this.#turn, task: undefined }
  }

  /** The current turn, unless its time is up or its bind is down. */
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
