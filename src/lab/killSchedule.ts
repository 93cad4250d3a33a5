// What is done to the processes of a platform to see what it withstands: kill -9 and SIGSTOP, at
// random and from a seed. The same seed draws the same actions, unless a victim is down just then.
import { setTimeout as after } from 'node:timers/promises'
import { pickMs, seededRandom } from './seededRandom.ts'
import type { Spread } from './seededRandom.ts'
import { stopFor } from './stopFor.ts'

export interface KillAction {
  readonly kind: 'kill' | 'stop'
  readonly victim: string
  readonly atMs: number
  /** How long a stop lasts. */
  readonly forMs: number
}

/** Processes by name; whoever was killed comes back by its supervisor. */
export interface Killable {
  isUp(name: string): boolean
  kill(name: string): void
  /** Resolves when it goes on. */
  stop(name: string, forMs: number): Promise<void>
}

export interface KillsOptions {
  readonly seed: number
  readonly victims: readonly string[]
  /** Durations of a stop; each is equally likely. */
  readonly stops: readonly Spread[]
  onAction(action: KillAction): void
}

export interface KillScheduleOptions extends KillsOptions {
  readonly actions: number
  /** From the start of one action to the start of the next; a long stop goes on beside. */
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

  /** Kills or stops one that is up; nobody when none is. */
  act(): void {
    const { victims, stops, onAction } = this.#options
    const from = Math.floor(this.random() * victims.length)
    const kind = this.random() < KILLS_SHARE ? 'kill' : 'stop'
    const spread = stops[Math.floor(this.random() * stops.length)]
    const drawnMs = spread ? Math.round(pickMs(spread, this.random)) : 0
    // One that is still down from the last time cannot be killed again: the next one is taken.
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

  /** Everybody that was stopped goes on again. */
  async whenAllGoOn(): Promise<void> {
    await Promise.all(this.#stopped.values())
  }

  #isFree(name: string): boolean {
    return !this.#stopped.has(name) && this.#target.isUp(name)
  }
}

/** Resolves after the last action, with all of them. */
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

/** `pidOf` throws for a process that there is not. */
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
