// Measures the whole life of messages: submission, upstream submission, receipt, and delivery of
// the receipt to the ESME. After the load the benchmark waits for every receipt, and then compares
// the records of the ESME and the SMSC message by message.
import { sessionsFor } from './benchOptions.ts'
import type { BenchOptions } from './benchOptions.ts'
import { figureOf } from './figure.ts'
import type { Figure } from './figure.ts'
import { platformLoad, ratePerSecond } from './platformLoad.ts'
import { cpuFigures } from './platformUse.ts'

const BENCH = 'life'
/** Seconds to wait for receipts after the load, for each second of load. */
const RECEIPTS_WITHIN_FACTOR = 10

export async function life(options: BenchOptions): Promise<Figure[]> {
  const { seconds, rate, accounts } = options
  const run = await platformLoad(options, {
    ...sessionsFor(accounts),
    durationMs: seconds * 1_000,
    ...(rate === undefined ? {} : { rate }),
    registeredDelivery: 1,
    receiptsWithinMs: Math.max(30, seconds * RECEIPTS_WITHIN_FACTOR) * 1_000,
  })
  const { report, ends } = run
  const { answered, receipts, firstSentAtMs, lastAnsweredAtMs, lastReceiptAtMs, latency } = report
  const figure = figureOf(BENCH)
  const resident = [...run.residentMiB].flatMap(([name, { before, after }]) => [
    figure(`resident ${name} before`, before, 'MiB'),
    figure(`resident ${name} after`, after, 'MiB'),
  ])
  return [
    figure('receipted', ratePerSecond(receipts.size, firstSentAtMs, lastReceiptAtMs), 'messages/s'),
    figure('accepted', ratePerSecond(answered.size, firstSentAtMs, lastAnsweredAtMs), 'messages/s'),
    figure('messages', answered.size, 'messages'),
    figure('without receipt', ends.withoutReceipt.length, 'messages'),
    figure('lost', ends.lost.length, 'messages'),
    figure('duplicated upstream', ends.duplicated.length, 'messages'),
    figure('receipted twice', ends.receiptedTwice.length, 'messages'),
    figure('unknown', report.unknown.length, 'messages'),
    figure('submit_sm_resp p50', latency.p50Ms, 'ms'),
    figure('submit_sm_resp p99', latency.p99Ms, 'ms'),
    ...(run.journalLagSeconds === undefined
      ? []
      : [figure('journal lag at the end', run.journalLagSeconds, 's')]),
    ...cpuFigures(BENCH, run.cpuSeconds, answered.size),
    ...resident,
  ]
}
