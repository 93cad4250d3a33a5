// Measures durable acceptance: a submit_sm passes from the ESME through the gateway and the router
// to a queue on PostgreSQL with fsync, and is then answered. All six components and the simulated
// SMSC run during the measurement, and the accepted messages are submitted upstream at the same
// time.
import { sessionsFor } from './benchOptions.ts'
import type { BenchOptions } from './benchOptions.ts'
import { figureOf } from './figure.ts'
import type { Figure } from './figure.ts'
import { platformLoad, ratePerSecond } from './platformLoad.ts'
import { cpuFigures } from './platformUse.ts'

const BENCH = 'accept'

export async function accept(options: BenchOptions): Promise<Figure[]> {
  const { seconds, rate, accounts } = options
  const run = await platformLoad(options, {
    ...sessionsFor(accounts),
    durationMs: seconds * 1_000,
    ...(rate === undefined ? {} : { rate }),
    registeredDelivery: 0,
  })
  const { answered, firstSentAtMs, lastAnsweredAtMs, latency, refused, unknown } = run.report
  const figure = figureOf(BENCH)
  const refusals = [...refused].map(([name, numbers]) => figure(name, numbers.length, 'messages'))
  return [
    figure('accepted', ratePerSecond(answered.size, firstSentAtMs, lastAnsweredAtMs), 'messages/s'),
    figure('messages', answered.size, 'messages'),
    figure('submit_sm_resp p50', latency.p50Ms, 'ms'),
    figure('submit_sm_resp p99', latency.p99Ms, 'ms'),
    figure('submit_sm_resp max', latency.maxMs, 'ms'),
    ...refusals,
    figure('unknown', unknown.length, 'messages'),
    ...(run.journalLagSeconds === undefined
      ? []
      : [figure('journal lag at the end', run.journalLagSeconds, 's')]),
    figure('submitted upstream at the end', run.ends.submitted, 'messages'),
    ...cpuFigures(BENCH, run.cpuSeconds, answered.size),
  ]
}
