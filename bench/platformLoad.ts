import { setTimeout as after } from 'node:timers/promises'
import { readWitness } from '../src/lab/readWitness.ts'
import { reconcile } from '../src/lab/reconcile.ts'
import type { Reconciliation } from '../src/lab/reconcile.ts'
import type { ReadyLine } from '../src/cli/up/installationFile.ts'
import type { LoadReport } from '../src/lab/loadReport.ts'
import { witnessFile } from '../test/amidTraffic.ts'
import { startStack } from '../test/stack.ts'
import type { BenchOptions } from './benchOptions.ts'
import {
  changePlatform,
  benchUser,
  BENCH_PASSWORD,
  widened,
  withAccounts,
} from './changePlatform.ts'
import { loadInProcess } from './loadInProcess.ts'
import type { PlainLoadOptions } from './loadInProcess.ts'
import { readMetrics } from './readMetrics.ts'
import { cpuBetween, platformUse } from './platformUse.ts'
import type { PlatformUse } from './platformUse.ts'

const WARM_UP_MS = 8_000
const WORKED_OFF_WITHIN_MS = 30_000
const WORKED_OFF_POLL_MS = 250

export interface PlatformRun {
  readonly report: LoadReport
  /** By process name, including the load generator. PostgreSQL includes its backends. */
  readonly cpuSeconds: ReadonlyMap<string, number>
  readonly residentMiB: ReadonlyMap<string, { readonly before: number; readonly after: number }>
  /** Undefined if the exporters do not report it. */
  readonly journalLagSeconds: number | undefined
  readonly ends: Reconciliation
}

/**
 * Starts the platform of `signalbox up`, runs the load, compares the records of ESME and SMSC, and
 * stops the platform.
 */
export async function platformLoad(
  options: BenchOptions,
  load: Omit<PlainLoadOptions, 'host' | 'port' | 'systemId' | 'password'>,
): Promise<PlatformRun> {
  const stack = await startStack({})
  try {
    const { ready } = stack
    const target = await prepare(ready, options.accounts)
    await warmUp(ready, { ...target, ...load })
    const before = platformUse(ready.pids)
    const { report, cpuSeconds } = await loadInProcess({ ...target, ...load }, (progress) =>
      options.onProgress(progress),
    )
    const journalLagSeconds = await journalLag(ready.ports.exporters)
    const atEnd = platformUse(ready.pids)
    return {
      report,
      cpuSeconds: new Map([...cpuBetween(before, atEnd), ['load generator', cpuSeconds]]),
      residentMiB: residentBetween(before, atEnd),
      journalLagSeconds,
      ends: reconcile(report, readWitness(witnessFile(stack)), load.registeredDelivery !== 0),
    }
  } finally {
    await stack.stop()
  }
}

/**
 * Runs load before the measurement, because seven new processes spend their first seconds
 * compiling. Then waits until the journal is empty.
 */
async function warmUp({ ports }: ReadyLine, load: PlainLoadOptions): Promise<void> {
  await loadInProcess({ ...load, durationMs: WARM_UP_MS }, () => undefined)
  const deadlineMs = performance.now() + WORKED_OFF_WITHIN_MS
  while (((await journalLag(ports.exporters)) ?? 0) > 0 && performance.now() < deadlineMs)
    await after(WORKED_OFF_POLL_MS)
}

/**
 * Prepares the users that the load binds as: the demo user for one account, otherwise one new user
 * in each of `accounts` new accounts.
 */
async function prepare(
  { smpp, admin }: ReadyLine,
  accounts: number,
): Promise<Pick<PlainLoadOptions, 'host' | 'port' | 'systemId' | 'systemIds' | 'password'>> {
  const { host, port, systemId, password } = smpp
  if (systemId === undefined || password === undefined) throw new Error('no demo account')
  if (accounts === 1) {
    await changePlatform(admin, widened)
    return { host, port, systemId, password }
  }
  await changePlatform(admin, (platform) => withAccounts(widened(platform), accounts))
  const systemIds = Array.from({ length: accounts }, (_, number) => benchUser(number))
  return { host, port, systemId, systemIds, password: BENCH_PASSWORD }
}

/** Messages per second. `fromMs` is the first submit_sm, `toMs` the last response or receipt. */
export function ratePerSecond(count: number, fromMs: number, toMs: number): number {
  return toMs > fromMs ? (count * 1_000) / (toMs - fromMs) : 0
}

function residentBetween(before: PlatformUse, after: PlatformUse): PlatformRun['residentMiB'] {
  return new Map(
    [...after].map(([name, use]) => [
      name,
      { before: before.get(name)?.residentMiB ?? 0, after: use.residentMiB },
    ]),
  )
}

/** How long the oldest event in the journal has waited, as reported by the exporters. */
async function journalLag(port: number | undefined): Promise<number | undefined> {
  if (port === undefined) return undefined
  return (await readMetrics(port)).largest('signalbox_queue_oldest_age_seconds', 'queue="journal"')
}
