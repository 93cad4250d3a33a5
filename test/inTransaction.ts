// Stops a process in the middle of a transaction: between two of its statements, as its database
// session shows.

import { vi } from 'vitest'
import type { Database } from '../src/database/database.ts'
import { stopWhile } from '../src/lab/stopFor.ts'

/** Which transactions of which processes. */
export interface TransactionKind {
  readonly component: 'dlr' | 'workers'
  /** The last statement so far, as a pattern. */
  readonly query: string
  /**
   * Transactions that write to this table are held up there until the process is stopped, as they
   * are too short to be met by chance.
   */
  readonly heldUpAt?: string
}

const CAUGHT_WITHIN_MS = 90_000
/** A look at the server takes a few milliseconds; no healthy transaction pauses for so long. */
const PAUSE = '300 ms'
/** How long the process runs between two tries. */
const RUN_MS = 50
const HELD_UP_MS = 1_000

/** Stops it again and again until it holds a transaction open, and then for as long as `act`. */
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

/** Resolves when somebody waits for the table, to a function that lets all of them go on. */
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

/** Transactions that wait for their process. */
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
