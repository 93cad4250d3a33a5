// Writes log lines without blocking. Lines that arrive during a write are collected into the next
// write, and the rest is written at exit. Neither a slow reader nor a full disk stops the process.
// For a slow reader, lines wait in memory up to a limit, and further lines are lost. Lines that a
// full disk does not accept are lost. pino's own destination is not used, because it ends the
// process at the first line that cannot be written, or waits without a limit at exit.
import { write, writeSync } from 'node:fs'

const WAITING_CHARACTERS_MAX = 4 * 1024 * 1024
/** The pause before another attempt to write to a pipe whose reader is too slow. */
const AGAIN_MS = 100
/** The number of attempts at exit. The remaining lines are then lost. */
const EXIT_TRIES = 10

export class LogOutput {
  readonly #fd: number
  #waiting: string[] = []
  #characters = 0
  #isWriting = false

  constructor(fd: number) {
    this.#fd = fd
    process.on('exit', () => this.flushSync())
  }

  write(line: string): void {
    if (this.#characters + line.length > WAITING_CHARACTERS_MAX) return
    this.#waiting.push(line)
    this.#characters += line.length
    if (!this.#isWriting) this.#writeSome(this.#take())
  }

  /** Writes the waiting lines. Lines of a write in progress are not written again. */
  flushSync(): void {
    let octets = this.#take()
    for (let tries = 0; octets.length > 0 && tries < EXIT_TRIES;) {
      try {
        octets = octets.subarray(writeSync(this.#fd, octets))
      } catch (error) {
        if (!isBusy(error)) return
        tries++
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, AGAIN_MS)
      }
    }
  }

  #take(): Buffer {
    const octets = Buffer.from(this.#waiting.join(''))
    this.#waiting = []
    this.#characters = 0
    return octets
  }

  #writeSome(octets: Buffer): void {
    this.#isWriting = octets.length > 0
    if (!this.#isWriting) return
    write(this.#fd, octets, (error, written) => {
      const rest = octets.subarray(written ?? 0)
      if (isBusy(error)) setTimeout(() => this.#writeSome(octets), AGAIN_MS).unref()
      else if (error || rest.length === 0) this.#writeSome(this.#take())
      else this.#writeSome(rest)
    })
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EAGAIN'
}
