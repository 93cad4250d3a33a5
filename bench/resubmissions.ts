// Second submissions as the workers count them themselves, by cause. A killed worker takes its
// count along, so every worker is read once a second: what it counted since then is missing.
import { Increases } from '../src/lab/increases.ts'
import type { Stack } from '../test/stack.ts'
import { readMetrics } from './readMetrics.ts'

const METRIC = 'signalbox_workers_resubmitted_messages'
const READ_EVERY_MS = 1_000
const WORKERS = /^workers(-\d+)?$/

export class Resubmissions {
  readonly #stack: Stack
  readonly #increases = new Increases()
  readonly #timer: NodeJS.Timeout

  constructor(stack: Stack) {
    this.#stack = stack
    this.#timer = setInterval(() => void this.#readAll(), READ_EVERY_MS)
  }

  /** Reads once more; the figures say so if the workers count nothing of the kind. */
  async figures(): Promise<Record<string, number | string>> {
    this.stop()
    await this.#readAll()
    const { sums } = this.#increases
    const total = [...sums.values()].reduce((sum, count) => sum + count, 0)
    const causes = [...sums].toSorted(([a], [b]) => a.localeCompare(b))
    return {
      'submitted again, counted by the workers': sums.size > 0 ? total : 'not counted',
      ...Object.fromEntries(causes.map(([cause, count]) => [`  cause ${cause}`, count])),
    }
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async #readAll(): Promise<void> {
    const { ports } = this.#stack.ready
    const workers = Object.entries(ports).filter(([name]) => WORKERS.test(name))
    await Promise.all(workers.map(([name, port]) => this.#read(name, port)))
  }

  async #read(name: string, port: number): Promise<void> {
    const pid = this.#stack.pids()[name]
    // One that is stopped or starts again is read the next time.
    const metrics = await readMetrics(port, READ_EVERY_MS).catch(() => undefined)
    if (!metrics || pid === undefined || this.#stack.pids()[name] !== pid) return
    for (const [cause, count] of metrics.sumsBy('cause', METRIC))
      this.#increases.read(String(pid), cause, count)
  }
}
