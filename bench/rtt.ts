// Measures how full a worker keeps the window of one upstream bind: window 100, and an SMSC that
// answers after 50 ms. The highest possible rate is 100 / delay. Because timers are coarse, the
// actual delay is measured in two ways: by the simulated SMSC itself, and as the round trip that
// another ESME on this machine sees.
import { setTimeout as after } from 'node:timers/promises'
import type { BenchOptions } from './benchOptions.ts'
import { figureOf, median } from './figure.ts'
import type { Figure } from './figure.ts'
import { loadInProcess } from './loadInProcess.ts'
import { OneAtATime } from './oneAtATime.ts'
import { cpuBetween, cpuFigures, platformUse } from './platformUse.ts'
import { SMSC_ACCOUNT } from './smscProcess.ts'
import type { SmscAnswer } from './smscProcess.ts'
import { upstreamStack } from './upstreamStack.ts'
import type { UpstreamStack } from './upstreamStack.ts'

const BENCH = 'rtt'
const WINDOW = 100
const DELAY_MS = 50
const CONNECTOR = { binds: 1, window: WINDOW, tps: 100_000 }
/** 25 % above the highest rate of the window, so that the queue is never empty. */
const LOAD_PER_SECOND = (1.25 * WINDOW * 1_000) / DELAY_MS
/** Time until the queue holds messages and all code is compiled. */
const WARM_UP_MS = 3_000
/** The load runs a little longer than the measurement. */
const MARGIN_MS = 1_000

export async function rtt({ seconds, rate, onProgress }: BenchOptions): Promise<Figure[]> {
  const latency = { minMs: DELAY_MS, maxMs: DELAY_MS }
  const upstream = await upstreamStack({ smsc: { latency }, connector: CONNECTOR })
  try {
    const measuredMs = seconds * 1_000
    const load = loadInProcess(
      {
        ...upstream.customer,
        sessions: 4,
        windowSize: 500,
        rate: rate ?? LOAD_PER_SECOND,
        durationMs: WARM_UP_MS + measuredMs + MARGIN_MS,
        registeredDelivery: 0,
      },
      onProgress,
    )
    await after(WARM_UP_MS)
    const measured = measure(upstream, measuredMs)
    const [figures] = await Promise.all([measured, load])
    return figures
  } finally {
    await upstream.stop()
  }
}

async function measure({ smsc, smscPort, pids }: UpstreamStack, forMs: number): Promise<Figure[]> {
  const target = { host: '127.0.0.1', port: smscPort, ...SMSC_ACCOUNT, text: 'Probe' }
  const probe = await OneAtATime.connect(target)
  const used = platformUse(pids())
  const from = await smsc.ask({})
  const probed = await probeFor(probe, forMs)
  const to = await smsc.ask({})
  const cpu = cpuBetween(used, platformUse(pids()))
  await probe.close()
  const { submitted, perSecond, delayMs } = between(from, to, probed.length)
  const figure = figureOf(BENCH)
  const limit = (name: string, ms: number) => ({ name, value: (WINDOW * 1_000) / ms })
  return [
    figure('submitted', perSecond, 'messages/s', limit("window / SMSC's delay", delayMs)),
    figure('submitted', perSecond, 'messages/s', limit('window / delay as seen', mean(probed))),
    figure("SMSC's delay mean", delayMs, 'ms'),
    figure('delay as seen mean', mean(probed), 'ms'),
    figure('delay as seen p50', median(probed), 'ms'),
    figure('messages', submitted, 'messages'),
    ...cpuFigures(BENCH, cpu, submitted),
  ]
}

/** Consecutive round trips of another ESME at the same SMSC, in ms. */
async function probeFor(probe: OneAtATime, forMs: number): Promise<number[]> {
  const endMs = performance.now() + forMs
  const tookMs: number[] = []
  while (performance.now() < endMs) tookMs.push(await probe.submit())
  return tookMs
}

/** Counts only the worker's messages, excluding the messages of the probe. */
function between(from: SmscAnswer, to: SmscAnswer, probed: number) {
  const answered = to.stats.answered - from.stats.answered
  const submitted = answered - probed
  return {
    submitted,
    perSecond: (submitted * 1_000) / (to.atMs - from.atMs),
    delayMs: (to.stats.answerDelaySumMs - from.stats.answerDelaySumMs) / Math.max(1, answered),
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
}
