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
 * Runs the load of a customer that reconnects after a lost link, retries throttled messages and
 * requests every receipt. Resolves when the first message is accepted.
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

/** All messages of an account go to one router, so a load for two routers needs many accounts. */
const ACCOUNTS = 16

/** Adds the users that the load binds as, in enough accounts that every router gets some. */
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
