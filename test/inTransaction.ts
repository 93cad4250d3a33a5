// Stops a process in the middle of a transaction, between two of its statements. The state of its
// database session shows whether it is there.

import { vi } from 'vitest'
import type { Database } from '../src/database/database.ts'
import { stopWhile } from '../src/lab/stopFor.ts'

/** Selects transactions by component and statement. */
export interface TransactionKind {
  readonly component: 'dlr' | 'workers'
  /** A regular expression for the latest statement of the transaction. */
  readonly query: string
  /**
   * Transactions that write to this table are blocked there until the process is stopped, because
   * they are too short to be caught by chance.
   */
  readonly heldUpAt?: string
}

const CAUGHT_WITHIN_MS = 90_000
/**
 * A query of pg_stat_activity takes a few milliseconds. No healthy transaction is idle for this
 * long.
 */
const PAUSE = '300 ms'
/** How long the process runs between two attempts to stop it. */
const RUN_MS = 50
const HELD_UP_MS = 1_000

/**
 * Stops the process repeatedly until it stops inside a transaction. The process then stays stopped
 * until `act` has resolved.
 */
export async function stopInTransaction(
  database: Database,
  kind: TransactionKind,
  pid: number,
  act: () => Promise<void>,
): Promise<void> {
  const isCaught = async (): Promise<boolean> => {
    let isPaused = false
    const goOn = await holdUp(database, kind)
    await stopWhile(pid, async () => {
      await goOn()
      const seen = async () => (await pausedTransactions(database, kind)) > 0
      const options = { timeout: 600, interval: 100 }
      isPaused = await vi.waitUntil(seen, options).catch(() => false)
      if (isPaused) await act()
    })
    return isPaused
  }
  await vi.waitUntil(isCaught, { timeout: CAUGHT_WITHIN_MS, interval: RUN_MS })
}

/**
 * Locks the table. Resolves when transactions wait for the lock, to a function that releases it.
 */
async function holdUp(
  database: Database,
  { component, heldUpAt, query }: TransactionKind,
): Promise<() => Promise<void>> {
  if (heldUpAt === undefined) return () => Promise.resolve()
  const client = await database.pool.connect()
  await client.query(`begin; lock table ${heldUpAt} in share mode`)
  const waiting = () =>
    count(
      database,
      `select count(*)::int as count from pg_stat_activity
        where application_name = 'signalbox-${component}' and wait_event_type = 'Lock'
          and query ~ '${query}'`,
    )
  const options = { timeout: HELD_UP_MS, interval: 20 }
  await vi.waitUntil(async () => (await waiting()) > 1, options).catch(() => undefined)
  return async () => {
    await client.query('commit')
    client.release()
  }
}

/** Counts the open transactions that are idle because their process is stopped. */
export async function pausedTransactions(
  database: Database,
  { component, query }: TransactionKind,
): Promise<number> {
  return count(
    database,
    `select count(*)::int as count from pg_stat_activity
      where application_name = 'signalbox-${component}' and state like 'idle in transaction%'
        and query ~ '${query}' and state_change < now() - interval '${PAUSE}'`,
  )
}

export async function count(database: Database, text: string): Promise<number> {
  const [row] = await database.run<{ count: number }>({ name: text.slice(-60), text })
  return row?.count ?? 0
}
