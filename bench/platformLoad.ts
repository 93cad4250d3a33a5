import { readWitness } from '../src/lab/readWitness.ts'
import { reconcile } from '../src/lab/reconcile.ts'
import type { Reconciliation } from '../src/lab/reconcile.ts'
import type { LoadReport } from '../src/lab/loadReport.ts'
import { witnessFile } from '../test/amidTraffic.ts'
import { startStack } from '../test/stack.ts'
import type { BenchOptions } from './benchOptions.ts'
import { figureOf } from './figure.ts'
import type { Figure } from './figure.ts'
import { loadInProcess } from './loadInProcess.ts'
import type { PlainLoadOptions } from './loadInProcess.ts'
import { processUse } from './processUse.ts'
import type { ProcessUse } from './processUse.ts'
import { widenPlatform } from './widenPlatform.ts'

export interface PlatformRun {
  readonly report: LoadReport
  /** By the name of the process; PostgreSQL with its backends, and the load generator itself. */
  readonly cpuSeconds: ReadonlyMap<string, number>
  readonly residentMiB: ReadonlyMap<string, { readonly before: number; readonly after: number }>
  /** Undefined when the exporters do not tell. */
  readonly journalLagSeconds: number | undefined
  readonly ends: Reconciliation
}

/** Starts the platform of `signalbox up`, puts the load on it, compares both ends, stops it. */
export async function platformLoad(
  options: BenchOptions,
  load: Omit<PlainLoadOptions, 'host' | 'port' | 'systemId' | 'password'>,
): Promise<PlatformRun> {
  const stack = await startStack({})
  try {
    const { ready } = stack
    const { host, port, systemId, password } = ready.smpp
    if (systemId === undefined || password === undefined) throw new Error('no demo account')
    await widenPlatform(ready.admin)
    const before = useOf(ready.pids)
    const target = { host, port, systemId, password }
    const { report, cpuSeconds } = await loadInProcess({ ...target, ...load }, (progress) =>
      options.onProgress(progress),
    )
    const journalLagSeconds = await journalLag(ready.ports.exporters)
    const after = useOf(ready.pids)
    return {
      report,
      cpuSeconds: new Map([...cpuBetween(before, after), ['load generator', cpuSeconds]]),
      residentMiB: residentBetween(before, after),
      journalLagSeconds,
      ends: reconcile(report, readWitness(witnessFile(stack)), load.registeredDelivery !== 0),
    }
  } finally {
    await stack.stop()
  }
}

/** CPU by process, in all and for each message answered. */
export function cpuFigures(bench: string, run: PlatformRun): Figure[] {
  const figure = figureOf(bench)
  const messages = Math.max(1, run.report.answered.size)
  return [...run.cpuSeconds].flatMap(([name, seconds]) => [
    figure(`cpu ${name}`, seconds, 's'),
    figure(`cpu per message ${name}`, (seconds * 1e6) / messages, 'us'),
  ])
}

/** Messages over the time from the first submit_sm to the last answer or receipt. */
export function ratePerSecond(count: number, fromMs: number, toMs: number): number {
  return toMs > fromMs ? (count * 1_000) / (toMs - fromMs) : 0
}

type Uses = ReadonlyMap<string, ProcessUse>

function useOf(pids: Readonly<Record<string, number>>): Uses {
  const counted = new Set(Object.values(pids))
  return new Map(Object.entries(pids).map(([name, pid]) => [name, processUse(pid, counted)]))
}

function cpuBetween(before: Uses, after: Uses): [string, number][] {
  return [...after].map(([name, use]) => [
    name,
    use.cpuSeconds - (before.get(name)?.cpuSeconds ?? 0),
  ])
}

function residentBetween(before: Uses, after: Uses): PlatformRun['residentMiB'] {
  return new Map(
    [...after].map(([name, use]) => [
      name,
      { before: before.get(name)?.residentMiB ?? 0, after: use.residentMiB },
    ]),
  )
}

/** How long the oldest event of the journal has waited, as the exporters see it. */
async function journalLag(port: number | undefined): Promise<number | undefined> {
  if (port === undefined) return undefined
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`)
  const lines = (await answer.text()).split('\n')
  const line = lines.find((one) =>
    /^signalbox_queue_oldest_age_seconds\{.*queue="journal"/.test(one),
  )
  const found = /\} (\S+)$/.exec(line ?? '')
  return found?.[1] === undefined ? undefined : Number(found[1])
}
