// Kills (SIGKILL) or suspends (SIGSTOP) the processes of a platform at random, to test how the
// platform recovers. The same seed gives the same actions if every chosen process is up.
import { setTimeout as after } from 'node:timers/promises'
import { pickMs, seededRandom } from './seededRandom.ts'
import type { Spread } from './seededRandom.ts'
import { stopFor } from './stopFor.ts'

export interface KillAction {
  readonly kind: 'kill' | 'stop'
  readonly victim: string
  readonly atMs: number
  /** How long the process is suspended; 0 for a kill. */
  readonly forMs: number
}

/** Processes by name. A supervisor restarts killed processes. */
export interface Killable {
  isUp(name: string): boolean
  kill(name: string): void
  /** Suspends the process. Resolves when the process continues. */
  stop(name: string, forMs: number): Promise<void>
}

export interface KillsOptions {
  readonly seed: number
  readonly victims: readonly string[]
  /** Ranges for the duration of a suspension. All ranges are equally likely. */
  readonly stops: readonly Spread[]
  onAction(action: KillAction): void
}

export interface KillScheduleOptions extends KillsOptions {
  readonly actions: number
  /** The time between the starts of two actions. A suspension may outlast several later actions. */
  readonly intervalMs: number
}

const KILLS_SHARE = 2 / 3

export class Kills {
  readonly #target: Killable
  readonly #options: KillsOptions
  readonly #stopped = new Map<string, Promise<void>>()
  readonly random: () => number
  readonly done: KillAction[] = []

  constructor(target: Killable, options: KillsOptions) {
    this.#target = target
    this.#options = options
    this.random = seededRandom(options.seed)
  }

  /** Kills or suspends one process that is up. Does nothing if no process is up. */
  act(): void {
    const { victims, stops, onAction } = this.#options
    const from = Math.floor(this.random() * victims.length)
    const kind = this.random() < KILLS_SHARE ? 'kill' : 'stop'
    const spread = stops[Math.floor(this.random() * stops.length)]
    const drawnMs = spread ? Math.round(pickMs(spread, this.random)) : 0
    // If the process chosen at random is still down or suspended, the next one in the list is
    // taken.
    const victim = [...victims.slice(from), ...victims.slice(0, from)].find((name) =>
      this.#isFree(name),
    )
    if (victim === undefined) return
    const forMs = kind === 'stop' ? drawnMs : 0
    const action = { kind, victim, atMs: Date.now(), forMs } as const
    this.done.push(action)
    onAction(action)
    if (kind === 'kill') return this.#target.kill(victim)
    const stopped = this.#target.stop(victim, forMs).finally(() => this.#stopped.delete(victim))
    this.#stopped.set(victim, stopped)
  }

  /** Resolves when all suspended processes have continued. */
  async whenAllGoOn(): Promise<void> {
    await Promise.all(this.#stopped.values())
  }

  #isFree(name: string): boolean {
    return !this.#stopped.has(name) && this.#target.isUp(name)
  }
}

/** Runs all actions. Resolves, after the last action, to the list of actions. */
export async function runKillSchedule(
  target: Killable,
  options: KillScheduleOptions,
): Promise<KillAction[]> {
  const kills = new Kills(target, options)
  const startMs = Date.now()
  for (let i = 0; i < options.actions; i++) {
    kills.act()
    await after(Math.max(0, startMs + (i + 1) * options.intervalMs - Date.now()))
  }
  await kills.whenAllGoOn()
  return kills.done
}

/** @param pidOf returns the pid of a process, and throws if the process does not exist */
export function killable(pidOf: (name: string) => number): Killable {
  return {
    isUp(name) {
      try {
        return process.kill(pidOf(name), 0)
      } catch {
        return false
      }
    },
    kill: (name) => void process.kill(pidOf(name), 'SIGKILL'),
    stop: (name, forMs) => stopFor(pidOf(name), forMs),
  }
}
