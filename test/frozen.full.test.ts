// One of two dlr-processors stopped inside a transaction: the other one goes on, and nothing that
// was answered is lost.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { Installation } from '../src/cli/up/installationFile.ts'
import { type Database, openDatabase } from '../src/database/database.ts'
import { stopWhile } from '../src/lab/stopFor.ts'
import { amidTraffic } from './amidTraffic.ts'
import { type Stack, startStack } from './stack.ts'

const MAIN = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
const TRAFFIC = { messages: 10_000, messagesPerSecond: 500, receiptsWithinMs: 120_000 }
const CAUGHT_WITHIN_MS = 60_000
/** A look at the server takes a few milliseconds; no healthy transaction pauses for so long. */
const PAUSE = '300 ms'
const RELEASED_WITHIN_MS = 15_000
const RESUMED_WITHIN_MS = 30_000

test('one of two dlr-processors is stopped inside a transaction: receipts go on', async () => {
  const stack = await startStack({})
  onTestFinished(async () => void (await stack.stop()))
  const { databaseUrl } = installationOf(stack)
  const database = openDatabase({ databaseUrl, poolSize: 2, applicationName: 'test' })
  onTestFinished(() => database.close())
  await startSecond(stack, databaseUrl)

  const { ends, report } = await amidTraffic(stack, TRAFFIC, async () => {
    await stopInTransaction(database, stack.pidOf('dlr'), async () => {
      await vi.waitUntil(async () => (await paused(database)) === 0, {
        timeout: RELEASED_WITHIN_MS,
        interval: 200,
      })
      const before = await delivered(database)
      const resumed = async () => (await delivered(database)) > before + TRAFFIC.messages / 10
      await vi.waitUntil(resumed, { timeout: RESUMED_WITHIN_MS, interval: 200 })
    })
  })
  expect(ends.lost, 'answered ESME_ROK and lost').toEqual([])
  expect(ends.withoutReceipt, 'without receipt').toEqual([])
  expect(report.reconnects).toBe(0)
})

function installationOf({ home }: Stack): Installation {
  // Written by `up`, see installationFile.ts.
  return JSON.parse(readFileSync(join(home, 'installation.json'), 'utf8')) as Installation
}

/** Beside the one of `up`, as on another host. */
async function startSecond(stack: Stack, databaseUrl: string): Promise<void> {
  const child = spawn(process.execPath, [MAIN, 'dlr'], {
    env: {
      ...process.env,
      DATABASE_URL: databaseUrl,
      SIGNALBOX_HOME: join(stack.home, 'second'),
      SIGNALBOX_INSTANCE: 'second-dlr',
      SIGNALBOX_HEALTH_PORT: '0',
      SIGNALBOX_CLUSTER_TOKEN: installationOf(stack).clusterToken,
    },
    stdio: 'ignore',
  })
  const ended = once(child, 'close')
  onTestFinished(async () => {
    child.kill('SIGTERM')
    await ended
  })
}

/** Stops it again and again until it holds a transaction open, and then for as long as `act`. */
async function stopInTransaction(
  database: Database,
  pid: number,
  act: () => Promise<void>,
): Promise<void> {
  const isCaught = async (): Promise<boolean> => {
    let isPaused = false
    await stopWhile(pid, async () => {
      const seen = async () => (await paused(database)) > 0
      const options = { timeout: 600, interval: 100 }
      isPaused = await vi.waitUntil(seen, options).catch(() => false)
      if (isPaused) await act()
    })
    return isPaused
  }
  await vi.waitUntil(isCaught, { timeout: CAUGHT_WITHIN_MS, interval: 10 })
}

/** Transactions of dlr-processors that wait for their process. */
function paused(database: Database): Promise<number> {
  return count(
    database,
    `select count(*)::int as count from pg_stat_activity
      where application_name = 'signalbox-dlr' and state like 'idle in transaction%'
        and state_change < now() - interval '${PAUSE}'`,
  )
}

function delivered(database: Database): Promise<number> {
  return count(database, 'select count(*)::int as count from messages where state = 2')
}

async function count(database: Database, text: string): Promise<number> {
  const [row] = await database.run<{ count: number }>({ name: text.slice(0, 60), text })
  return row?.count ?? 0
}
