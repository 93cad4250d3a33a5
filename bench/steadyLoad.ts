import type { KillAction } from '../src/lab/killSchedule.ts'
import type { Stack } from '../test/stack.ts'
import { BENCH_PASSWORD, benchUser, changePlatform, withAccounts } from './changePlatform.ts'
import type { Exported } from './changePlatform.ts'
import { loadInProcess } from './loadInProcess.ts'
import type { LoadResult, PlainLoadOptions } from './loadInProcess.ts'

export type SteadyLoadOptions = Pick<
  PlainLoadOptions,
  'host' | 'port' | 'systemId' | 'systemIds' | 'password' | 'sessions' | 'windowSize'
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

/** Messages of one account all go to one router: a load that is meant for two needs many. */
const ACCOUNTS = 16

/** The users that a load binds as, of enough accounts that every router has some of them. */
export async function customersOf(
  { ready }: Stack,
  change: (platform: Exported) => Exported = (platform) => platform,
) {
  const { host, port, systemId } = ready.smpp
  if (systemId === undefined) throw new Error('no demo account')
  await changePlatform(ready.admin, (platform) => withAccounts(change(platform), ACCOUNTS))
  const systemIds = Array.from({ length: ACCOUNTS }, (_, number) => benchUser(number))
  return { host, port, systemId, systemIds, password: BENCH_PASSWORD, sessions: ACCOUNTS }
}

export function describeAction({ kind, victim, forMs }: KillAction): string {
  return `${kind} ${victim}${forMs > 0 ? ` for ${forMs} ms` : ''}`
}
