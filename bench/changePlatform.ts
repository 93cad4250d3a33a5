import { hash } from '@node-rs/argon2'
import { setTimeout as after } from 'node:timers/promises'
import { adminCall } from '../test/adminCall.ts'
import { SMSC_ACCOUNT } from './smscProcess.ts'

/** Components apply a change within a second. */
const FOLLOWED_WITHIN_MS = 1_500

/** The fields that are changed here. The rest of the document is sent back unchanged. */
export interface Exported {
  readonly accounts: readonly object[]
  readonly users: readonly object[]
  readonly connectors: readonly object[]
}

interface Admin {
  readonly url: string
  readonly token: string
}

/** Applies a changed platform document, and waits until every component has applied the change. */
export async function changePlatform(
  admin: Admin,
  change: (platform: Exported) => Exported | Promise<Exported>,
): Promise<void> {
  // The schema of the admin API guarantees these lists.
  const platform = (await adminCall(admin, 'GET', '/admin/v1/platform')) as Exported
  await adminCall(admin, 'POST', '/admin/v1/platform/apply', await change(platform))
  await after(FOLLOWED_WITHIN_MS)
}

/**
 * Raises the limits of the demo platform: the binds and windows of users, and the binds, windows
 * and pace of connectors. A benchmark measures the platform, not these limits.
 */
export function widened(platform: Exported): Exported {
  return {
    ...platform,
    users: platform.users.map((user) => ({ ...user, maxBinds: 1_000, window: 10_000 })),
    connectors: platform.connectors.map((connector) => ({
      ...connector,
      binds: 4,
      window: 500,
      tps: 100_000,
    })),
  }
}

export interface Upstream {
  readonly port: number
  readonly binds: number
  readonly window: number
  readonly tps: number
}

/** Points every connector to the benchmark's SMSC on this machine. */
export function ledTo(platform: Exported, upstream: Upstream): Exported {
  const { systemId, password } = SMSC_ACCOUNT
  return {
    ...platform,
    connectors: platform.connectors.map((connector) => ({
      ...connector,
      ...upstream,
      host: '127.0.0.1',
      systemId,
      password,
    })),
  }
}

/** At most 8 characters (SMPP 3.4 §5.2.2). */
export const BENCH_PASSWORD = 'bench'

export function benchUser(number: number): string {
  return `bench-${number}`
}

/** Adds `count` accounts with one user each. */
export async function withAccounts(platform: Exported, count: number): Promise<Exported> {
  // The cheapest possible hash: otherwise each of a thousand first binds would cost 37 ms of CPU.
  const passwordHash = await hash(BENCH_PASSWORD, { memoryCost: 8, timeCost: 1, parallelism: 1 })
  const numbers = Array.from({ length: count }, (_, number) => number)
  const accounts = numbers.map((number) => ({ id: benchUser(number) }))
  const users = numbers.map((number) => ({
    id: benchUser(number),
    account: benchUser(number),
    passwordHash,
    maxBinds: 1_000,
    window: 1_000,
  }))
  return {
    ...platform,
    accounts: [...platform.accounts, ...accounts],
    users: [...platform.users, ...users],
  }
}
