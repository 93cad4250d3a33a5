import { setTimeout as after } from 'node:timers/promises'
import { seededRandom } from '../src/lab/seededRandom.ts'
import type { Stack } from '../test/stack.ts'
import { stopFor } from '../test/stopFor.ts'

export interface KillScheduleOptions {
  readonly seed: number
  readonly actions: number
  /** From the start of one action to the start of the next. */
  readonly intervalMs: number
  readonly victims: readonly string[]
  /** SIGSTOP lasts up to this long. */
  readonly stopMsMax: number
  onAction(action: KillAction): void
}

export interface KillAction {
  readonly kind: 'kill' | 'stop'
  readonly victim: string
  readonly atMs: number
  /** Of a stop. */
  readonly forMs: number
}

/** Kills (two in three) and stops, at random and from a seed; resolves after the last one. */
export async function runKillSchedule(
  stack: Stack,
  options: KillScheduleOptions,
): Promise<KillAction[]> {
  const random = seededRandom(options.seed)
  const done: KillAction[] = []
  const startMs = Date.now()
  for (let i = 0; i < options.actions; i++) {
    const named = options.victims[Math.floor(random() * options.victims.length)] ?? 'router'
    // One that is still down from the last time cannot be killed again.
    const victim = isUp(stack, named) ? named : 'exporters'
    const kind = random() < 2 / 3 ? 'kill' : 'stop'
    const forMs = kind === 'stop' ? Math.round(random() * options.stopMsMax) : 0
    const action = { kind, victim, atMs: Date.now(), forMs } as const
    done.push(action)
    options.onAction(action)
    if (kind === 'kill') stack.kill(victim)
    else await stopFor(stack.pidOf(victim), forMs)
    await after(Math.max(0, startMs + (i + 1) * options.intervalMs - Date.now()))
  }
  return done
}

function isUp(stack: Stack, name: string): boolean {
  try {
    return process.kill(stack.pidOf(name), 0)
  } catch {
    return false
  }
}
