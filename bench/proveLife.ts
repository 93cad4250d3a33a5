// Runs the whole life of messages at a steady rate that this machine can sustain. No message may be
// lost, duplicated or left without a receipt, and neither memory nor backlog may grow. Growth is
// measured as the median of the last fifth of the samples against the median of the second fifth,
// when all processes are warm.
import { setTimeout as after } from 'node:timers/promises'
import { readWitness } from '../src/lab/readWitness.ts'
import { reconcile } from '../src/lab/reconcile.ts'
import { witnessFile } from '../test/amidTraffic.ts'
import { startStack } from '../test/stack.ts'
import type { Stack } from '../test/stack.ts'
import { widened } from './changePlatform.ts'
import { median } from './figure.ts'
import { cpuBetween, platformUse } from './platformUse.ts'
import type { Proof, ProofOptions } from './proof.ts'
import { readMetrics } from './readMetrics.ts'
import { customersOf, steadyLoad } from './steadyLoad.ts'

const MESSAGES_PER_SECOND = 2_500
/** With a smaller share the machine does not sustain the rate, and the proof fails. */
const ACCEPTED_SHARE_MIN = 0.99
const PROCESSES = { router: 2, workers: 2, dlr: 2 }
const WINDOW_SIZE = 125
const SAMPLE_MS = 10_000
const ROWS_MAX = 20
const RECEIPTS_WITHIN_MS = 120_000
/** Allows for garbage collection. A leak would exceed this bound by far in ten minutes. */
const MEMORY_GROWTH_MAX = 0.15
const MEMORY_GROWTH_MIB_MAX = 25
/** PostgreSQL fills its shared buffers and keeps them; its default size is 128 MiB. */
const POSTGRES_GROWTH_MIB_MAX = 128
/** Seconds of load by which the backlog may grow, because it varies with each flush. */
const BACKLOG_GROWTH_SECONDS_MAX = 2

interface Sample {
  readonly seconds: number
  /** Resident memory by process name. */
  readonly residentMiB: ReadonlyMap<string, number>
  readonly queueMessages: number
  readonly queueOldestSeconds: number
  readonly outboxPending: number
}

export async function proveLife(options: ProofOptions): Promise<Proof> {
  const stack = await startStack({ processes: PROCESSES })
  try {
    return await prove(stack, options)
  } finally {
    await stack.stop()
  }
}

async function prove(stack: Stack, options: ProofOptions): Promise<Proof> {
  const rate = options.rate ?? MESSAGES_PER_SECOND
  const durationMs = options.minutes * 60_000
  const customers = await customersOf(stack, widened)
  const before = platformUse(stack.pids())
  const load = await steadyLoad({
    ...customers,
    windowSize: WINDOW_SIZE,
    rate,
    durationMs,
    receiptsWithinMs: RECEIPTS_WITHIN_MS,
  })
  const samples = await sampleFor(stack, durationMs, options.onProgress)
  const { report, cpuSeconds } = await load.done
  const cpu = new Map(cpuBetween(before, platformUse(stack.pids())))
  const ends = reconcile(report, readWitness(witnessFile(stack)), true)
  const growths = growthsOf(samples, rate)
  const { firstSentAtMs, lastAnsweredAtMs } = report
  const acceptedRate = (report.answered.size * 1_000) / (lastAnsweredAtMs - firstSentAtMs)
  const held =
    acceptedRate >= ACCEPTED_SHARE_MIN * rate &&
    ends.lost.length === 0 &&
    ends.duplicated.length === 0 &&
    ends.withoutReceipt.length === 0 &&
    ends.receiptedTwice.length === 0 &&
    growths.every(({ isFlat }) => isFlat)
  return {
    held,
    figures: {
      'messages per second requested': rate,
      'messages per second accepted': Math.round(acceptedRate),
      'messages answered ESME_ROK': report.answered.size,
      lost: ends.lost.length,
      'submitted more than once': ends.duplicated.length,
      'without receipt': ends.withoutReceipt.length,
      'receipted more than once': ends.receiptedTwice.length,
      'outcome unknown to the ESME': report.unknown.length,
      'throttled, then accepted': report.throttled,
      'submit_sm_resp p99, ms': report.latency.p99Ms,
      ...cpuPerMessage(cpu, cpuSeconds, report.answered.size),
      ...Object.fromEntries(growths.map(({ what, told }) => [what, told])),
    },
    table: tableOf(samples),
  }
}

/** CPU time from the first submit_sm to the last receipt. PostgreSQL includes its backends. */
function cpuPerMessage(
  byProcess: ReadonlyMap<string, number>,
  loadSeconds: number,
  messages: number,
): Record<string, number> {
  const perMessage = (seconds: number) => tenths((seconds * 1e6) / Math.max(1, messages))
  const platform = [...byProcess].filter(([name]) => name !== 'smsc')
  const sum = platform.reduce((seconds, [, own]) => seconds + own, 0)
  return {
    'CPU per message, us: platform, without SMSC and load generator': perMessage(sum),
    ...Object.fromEntries([...byProcess].map(([name, own]) => [`  ${name}`, perMessage(own)])),
    '  load generator': perMessage(loadSeconds),
  }
}

/** Takes samples at regular intervals, the last one while the load still runs. */
async function sampleFor(
  stack: Stack,
  durationMs: number,
  onProgress: (what: string) => void,
): Promise<Sample[]> {
  const samples: Sample[] = []
  const startedMs = performance.now()
  for (let at = SAMPLE_MS; at <= durationMs; at += SAMPLE_MS) {
    await after(Math.max(0, startedMs + at - performance.now()))
    const sample = await takeSample(stack, (performance.now() - startedMs) / 1_000)
    samples.push(sample)
    const { queueMessages, queueOldestSeconds, outboxPending } = sample
    onProgress(`queues ${queueMessages} (${queueOldestSeconds} s), outbox ${outboxPending}`)
  }
  return samples
}

async function takeSample(stack: Stack, seconds: number): Promise<Sample> {
  const { exporters } = stack.ready.ports
  if (exporters === undefined) throw new Error('the exporters have no health port')
  const metrics = await readMetrics(exporters)
  const use = [...platformUse(stack.pids())]
  return {
    seconds: Math.round(seconds),
    residentMiB: new Map(use.map(([name, { residentMiB }]) => [name, residentMiB])),
    queueMessages: metrics.sum('signalbox_queue_messages') ?? 0,
    queueOldestSeconds: tenths(metrics.largest('signalbox_queue_oldest_age_seconds') ?? 0),
    outboxPending: metrics.sum('signalbox_outbox_pending') ?? 0,
  }
}

interface Growth {
  readonly what: string
  readonly told: string
  readonly isFlat: boolean
}

function growthsOf(samples: readonly Sample[], rate: number): Growth[] {
  const fifth = (n: number) =>
    samples.slice(Math.floor((n * samples.length) / 5), Math.ceil(((n + 1) * samples.length) / 5))
  const compare = (
    what: string,
    of: (sample: Sample) => number,
    maxOf: (from: number) => number,
  ) => {
    const from = median(fifth(1).map(of))
    const to = median(fifth(4).map(of))
    const max = maxOf(from)
    const told = `${tenths(from)} -> ${tenths(to)} (at most ${tenths(max)})`
    return { what, told, isFlat: to <= max }
  }
  const names = [...(samples[0]?.residentMiB.keys() ?? [])]
  const memory = names.map((name) =>
    compare(
      `resident MiB ${name}, second to last fifth`,
      ({ residentMiB }) => residentMiB.get(name) ?? 0,
      (from) =>
        name === 'postgres'
          ? from + POSTGRES_GROWTH_MIB_MAX
          : from * (1 + MEMORY_GROWTH_MAX) + MEMORY_GROWTH_MIB_MAX,
    ),
  )
  const backlog = (from: number) => from + rate * BACKLOG_GROWTH_SECONDS_MAX
  return [
    ...memory,
    compare('queued messages, second to last fifth', (one) => one.queueMessages, backlog),
    compare('outbox rows, second to last fifth', (one) => one.outboxPending, backlog),
    compare(
      'oldest envelope s, second to last fifth',
      (one) => one.queueOldestSeconds,
      (from) => from + BACKLOG_GROWTH_SECONDS_MAX,
    ),
  ]
}

/** Shows every n-th sample, so that the table stays short. */
function tableOf(samples: readonly Sample[]): NonNullable<Proof['table']> {
  const every = Math.ceil(samples.length / ROWS_MAX)
  const kept = samples.filter((_, index) => (index + 1) % every === 0)
  const names = [...(samples[0]?.residentMiB.keys() ?? [])]
  return {
    columns: ['s', ...names.map((name) => `${name} MiB`), 'queued', 'oldest s', 'outbox'],
    rows: kept.map(({ seconds, residentMiB, queueMessages, queueOldestSeconds, outboxPending }) => [
      seconds,
      ...names.map((name) => Math.round(residentMiB.get(name) ?? 0)),
      queueMessages,
      queueOldestSeconds,
      outboxPending,
    ]),
  }
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10
}
