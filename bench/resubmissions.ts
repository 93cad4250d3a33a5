// Reports why messages reached the SMSC more than once, from the platform's metrics. Workers count
// the messages that they submit again, by cause. The gateway counts the messages that it refused at
// the deadline without knowing whether the router accepted them; the ESME sends such a message
// again, as a new message with the same text.
//
// The counts of a killed process are lost, so each process is read once a second. Only the counts
// since its last reading are missing.
import { Increases } from '../src/lab/increases.ts'
import type { Stack } from '../test/stack.ts'
import { type Metrics, readMetrics } from './readMetrics.ts'

const RESUBMITTED = 'signalbox_workers_resubmitted_messages_total'
const UNKNOWN_OUTCOMES = 'signalbox_gateway_unknown_outcome_messages_total'
const READ_EVERY_MS = 1_000
const COUNTING = /^(workers|gateway)(-\d+)?$/

export class Resubmissions {
  readonly #stack: Stack
  readonly #byCause = new Increases()
  readonly #unknown = new Increases()
  readonly #timer: NodeJS.Timeout

  constructor(stack: Stack) {
    this.#stack = stack
    this.#timer = setInterval(() => void this.#readAll(), READ_EVERY_MS)
  }

  /**
   * Reads the metrics a last time and returns the counts. `duplicated` is the number of messages
   * that reached the SMSC more than once.
   */
  async figures(duplicated: number): Promise<Record<string, number>> {
    this.stop()
    await this.#readAll()
    const causes = [...this.#byCause.sums].toSorted(([a], [b]) => a.localeCompare(b))
    const resubmitted = causes.reduce((sum, [, count]) => sum + count, 0)
    const unknown = this.#unknown.sums.get(UNKNOWN_OUTCOMES) ?? 0
    return {
      'submitted again, counted by the workers': resubmitted,
      ...Object.fromEntries(causes.map(([cause, count]) => [`  cause ${cause}`, count])),
      'refused with an unknown outcome, counted by the gateway': unknown,
      'seen by the SMSC beyond these counts': Math.max(0, duplicated - resubmitted - unknown),
    }
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async #readAll(): Promise<void> {
    const { ports } = this.#stack.ready
    const counting = Object.entries(ports).filter(([name]) => COUNTING.test(name))
    await Promise.all(counting.map(([name, port]) => this.#read(name, port)))
  }

  async #read(name: string, port: number): Promise<void> {
    const pid = this.#stack.pids()[name]
    // A process that is stopped or just starting is read at the next interval.
    const metrics = await readMetrics(port, READ_EVERY_MS).catch(() => undefined)
    if (!metrics || pid === undefined || this.#stack.pids()[name] !== pid) return
    this.#keep(String(pid), metrics)
  }

  #keep(run: string, metrics: Metrics): void {
    for (const [cause, count] of metrics.sumsBy('cause', RESUBMITTED))
      this.#byCause.read(run, cause, count)
    const unknown = metrics.sum(UNKNOWN_OUTCOMES)
    if (unknown !== undefined) this.#unknown.read(run, UNKNOWN_OUTCOMES, unknown)
  }
}
