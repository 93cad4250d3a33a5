// A platform with ordinary customers, for one condition of the scale proof.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Histogram } from '../src/lab/histogram.ts'
import type { LoadReport } from '../src/lab/loadReport.ts'
import { readWitness } from '../src/lab/readWitness.ts'
import { reconcile } from '../src/lab/reconcile.ts'
import { openDatabase } from '../src/database/database.ts'
import type { Database } from '../src/database/database.ts'
import type { Exported } from './changePlatform.ts'
import { OneAtATime } from './oneAtATime.ts'
import { cpuBetween, platformUse } from './platformUse.ts'
import { customersOf, steadyLoad } from './steadyLoad.ts'
import { upstreamStack } from './upstreamStack.ts'
import type { UpstreamStack } from './upstreamStack.ts'

/** The latency that customers saw during a period, and the CPU cost of their messages. */
export interface Measurement {
  readonly when: string
  readonly messages: number
  readonly answerP50Ms: number
  readonly answerP99Ms: number
  /** Time from submit_sm to receipt, for a customer that sends one message at a time. */
  readonly receiptP50Ms: number
  readonly receiptP99Ms: number
  /** CPU time per message, without the SMSC and the load generator. */
  readonly cpuUs: number
  readonly postgresUs: number
  /** Descriptions of everything that went wrong. */
  readonly faults: readonly string[]
}

export type StageCustomers = Awaited<ReturnType<typeof customersOf>>

/** High limits, so that the platform is measured and not these limits. */
const CONNECTOR = { binds: 4, window: 500, tps: 100_000 }
const AT_ONCE = { minMs: 0, maxMs: 0 }
const WINDOW_SIZE = 125
const RECEIPTS_WITHIN_MS = 60_000

/** A connector whose SMSC cannot be reached. */
export const AWAY = 'away'

export class ScaleStage {
  readonly upstream: UpstreamStack
  readonly database: Database
  readonly #customers: StageCustomers
  readonly #rate: number
  readonly #reports: LoadReport[] = []

  static async start(rate: number): Promise<ScaleStage> {
    const upstream = await upstreamStack({ smsc: { receiptDelay: AT_ONCE }, connector: CONNECTOR })
    try {
      const customers = await customersOf(upstream.stack, withAway)
      return new ScaleStage(upstream, customers, rate)
    } catch (error) {
      await upstream.stop()
      throw error
    }
  }

  private constructor(upstream: UpstreamStack, customers: StageCustomers, rate: number) {
    this.upstream = upstream
    this.#customers = customers
    this.#rate = rate
    const text = readFileSync(join(upstream.stack.home, 'installation.json'), 'utf8')
    // `up` writes this file, see installationFile.ts.
    const { databaseUrl } = JSON.parse(text) as { databaseUrl: string }
    this.database = openDatabase({ databaseUrl, poolSize: 2, applicationName: 'bench' })
  }

  /** Runs load, and at the same time a customer that waits for the receipt of each message. */
  async measure(when: string, durationMs: number): Promise<Measurement> {
    const before = platformUse(this.upstream.pids())
    const load = await steadyLoad({
      ...this.#customers,
      windowSize: WINDOW_SIZE,
      rate: this.#rate,
      durationMs,
      receiptsWithinMs: RECEIPTS_WITHIN_MS,
    })
    const alone = await this.#oneAtATime(durationMs)
    const { report } = await load.done
    const cpu = new Map(cpuBetween(before, platformUse(this.upstream.pids())))
    this.#reports.push(report)
    const messages = report.answered.size
    const perMessage = (seconds: number) => (seconds * 1e6) / Math.max(1, messages)
    const platform = [...cpu].filter(([name]) => name !== 'smsc').map(([, seconds]) => seconds)
    return {
      when,
      messages,
      answerP50Ms: report.latency.p50Ms,
      answerP99Ms: report.latency.p99Ms,
      receiptP50Ms: alone.receipt.percentileMs(0.5),
      receiptP99Ms: alone.receipt.percentileMs(0.99),
      cpuUs: perMessage(platform.reduce((sum, seconds) => sum + seconds, 0)),
      postgresUs: perMessage(cpu.get('postgres') ?? 0),
      faults: [...alone.faults, ...faultsOf(report, this.#rate, durationMs)],
    }
  }

  /** Compares the records of both ends for all messages. Empty if each message arrived once. */
  reconcile(): string[] {
    const witness = readWitness(this.upstream.witness)
    const ends = this.#reports.map((report) => reconcile(report, witness, true))
    const count = (what: string, of: (one: (typeof ends)[number]) => number) => {
      const sum = ends.reduce((total, one) => total + of(one), 0)
      return sum === 0 ? [] : [`${sum} ${what}`]
    }
    return [
      ...count('not submitted by the end', ({ lost }) => lost.length),
      ...count('submitted more than once', ({ duplicated }) => duplicated.length),
      ...count('without a receipt', ({ withoutReceipt }) => withoutReceipt.length),
      ...count('receipted more than once', ({ receiptedTwice }) => receiptedTwice.length),
    ]
  }

  async stop(): Promise<void> {
    await this.database.close()
    await this.upstream.stop()
  }

  async #oneAtATime(durationMs: number) {
    const receipt = new Histogram()
    const faults: string[] = []
    const endMs = performance.now() + durationMs
    const customer = await OneAtATime.connect({ ...this.upstream.customer, text: 'Alone' })
    try {
      while (performance.now() < endMs)
        receipt.recordMs((await customer.submitAndWait()).receiptedMs)
    } catch (error) {
      faults.push(`the customer that sends one message at a time: ${String(error)}`)
    }
    await customer.close()
    return { receipt, faults }
  }
}

/** With a smaller share of accepted messages, the machine does not sustain the rate. */
const ACCEPTED_SHARE_MIN = 0.99

function faultsOf(report: LoadReport, rate: number, durationMs: number): string[] {
  const expected = (rate * durationMs * ACCEPTED_SHARE_MIN) / 1_000
  const { answered, refused, throttled, unknown } = report
  return [
    ...(answered.size < expected
      ? [`${answered.size} messages accepted, at least ${expected} expected`]
      : []),
    ...(refused.size > 0 ? [`refused: ${[...refused.keys()].join(', ')}`] : []),
    ...(throttled > 0 ? [`${throttled} throttled`] : []),
    ...(unknown.length > 0 ? [`${unknown.length} without an answer`] : []),
  ]
}

/** Adds the connector AWAY. No process listens on its port. */
function withAway(platform: Exported): Exported {
  const away = { id: AWAY, host: '127.0.0.1', port: 1, systemId: 'away', password: 'away' }
  return { ...platform, connectors: [...platform.connectors, { ...away, tps: 1_000 }] }
}
