import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { vi } from 'vitest'

const STOP_TIMEOUT_MS = 5000

/** A program that runs during a test. The lines of its stdout and stderr are recorded. */
export class RunningProgram {
  readonly lines: string[] = []
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #name: string
  readonly #closed: Promise<unknown>
  #isClosed = false

  constructor(path: string, args: readonly string[]) {
    this.#name = [path, ...args].join(' ')
    this.#child = spawn(path, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    for (const input of [this.#child.stdout, this.#child.stderr])
      createInterface({ input }).on('line', (line) => this.lines.push(line))
    // A program that ends early is noticed by the code that waits for its lines.
    this.#child.stdin.on('error', () => undefined)
    this.#closed = once(this.#child, 'close').finally(() => (this.#isClosed = true))
    this.#closed.catch((error: unknown) => this.lines.push(String(error)))
  }

  /**
   * Resolves to the first line that matches. Rejects with the whole output if the program ends or
   * the time runs out before that.
   */
  async line(wanted: string | RegExp, timeoutMs = 15_000): Promise<string> {
    const find = () => this.lines.find((line) => line.search(wanted) >= 0)
    const options = { timeout: timeoutMs, interval: 20 }
    await vi.waitUntil(() => this.#isClosed || find() !== undefined, options).catch(() => undefined)
    const found = find()
    if (found !== undefined) return found
    throw new Error(`${this.#name} never printed ${String(wanted)}:\n${this.lines.join('\n')}`)
  }

  /** Ends the program with SIGTERM, or with SIGKILL after STOP_TIMEOUT_MS. */
  async stop(): Promise<void> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT_MS)
    if (!this.#isClosed) this.#child.kill('SIGTERM')
    await this.#closed.catch(() => undefined)
    clearTimeout(timer)
  }
}
