// Writes log lines without blocking. Lines that arrive during a write are collected for the next
// write. When the process exits, all lines that are still waiting are written. Neither a slow
// reader nor a full disk stops the process. If the reader is slow, lines wait in memory up to a
// limit, and further lines are lost. If the disk is full, lines that do not fit on it are lost.
// pino's own destination is not used, because it ends the process at the first line that cannot be
// written, or waits without a limit at exit.
import { write, writeSync } from 'node:fs'

const WAITING_CHARACTERS_MAX = 4 * 1024 * 1024
/** The pause before another attempt to write to a pipe whose reader is too slow. */
const AGAIN_MS = 100
/** The number of attempts at exit. If they all fail, the remaining lines are lost. */
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
