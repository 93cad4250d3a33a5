import type { KillAction } from '../src/lab/killSchedule.ts'
import type { Stack } from '../test/stack.ts'
import { loadInProcess } from './loadInProcess.ts'
import type { LoadResult, PlainLoadOptions } from './loadInProcess.ts'

export type SteadyLoadOptions = Pick<
  PlainLoadOptions,
  'host' | 'port' | 'systemId' | 'password' | 'sessions' | 'windowSize'
> &
  Required<Pick<PlainLoadOptions, 'rate' | 'durationMs' | 'receiptsWithinMs'>>

/**
 * Load of a customer that comes back after a lost link, tries again what was throttled and wants
 * every receipt. Resolves when the first message was accepted.
 */
export async function steadyLoad(
  options: SteadyLoadOptions,
): Promise<{ readonly done: Promise<LoadResult> }> {
  let flowing: () => void = () => undefined
  const untilFlowing = new Promise<void>((resolve) => (flowing = resolve))
  const done = loadInProcess(
    { ...options, registeredDelivery: 1, reconnect: true, retryThrottledAfterMs: 200 },
    ({ answered }) => {
      if (answered > 0) flowing()
    },
  )
  await Promise.race([untilFlowing, done])
  return { done }
}

/** Whom a load binds as: the demo's user. */
export function customerOf({ ready }: Stack) {
  const { host, port, systemId, password } = ready.smpp
  if (systemId === undefined || password === undefined) throw new Error('no demo account')
  return { host, port, systemId, password }
}

export function describeAction({ kind, victim, forMs }: KillAction): string {
  return `${kind} ${victim}${forMs > 0 ? ` for ${forMs} ms` : ''}`
}
