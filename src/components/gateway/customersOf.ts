import type { CustomerBinds } from '../../cluster/processReport.ts'
import type { CustomerBind } from './bindRegistry.ts'

const LISTED_MAX = 100

/**
 * Counts the binds of each user. Lists at most 100 users, those with the most binds first.
 * `moreCustomers` is the number of users that are not listed.
 */
export function customersOf(binds: Iterable<CustomerBind>): {
  readonly customers: CustomerBinds[]
  readonly moreCustomers: number
} {
  const byUser = new Map<string, CustomerBinds>()
  for (const { session, user } of binds) {
    const { account, id } = user
    const counted = byUser.get(id) ?? { account, user: id, binds: 0, receivers: 0 }
    counted.binds++
    if (session.canSend('deliver_sm')) counted.receivers++
    byUser.set(id, counted)
  }
  const sorted = [...byUser.values()].toSorted(
    (a, b) => b.binds - a.binds || (a.user < b.user ? -1 : 1),
  )
  return {
    customers: sorted.slice(0, LISTED_MAX),
    moreCustomers: Math.max(0, sorted.length - LISTED_MAX),
  }
}
