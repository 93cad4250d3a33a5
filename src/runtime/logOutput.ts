// Where the lines of a log leave the process: written without blocking, in batches that form by
// themselves, the rest at exit. A reader that is slow gets what fits in memory; what a full disk
// does not take is lost, and neither holds the process up. Not pino's own destination, since that
// one ends the process at the first line that finds no room, or waits for room for ever at exit.
import { write, writeSync } from 'node:fs'

const WAITING_CHARACTERS_MAX = 4 * 1024 * 1024
/** A pipe whose reader does not keep up. */
const AGAIN_MS = 100
/** At exit that is waited for ten times, then given up. */
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

  /** What is being written already is left to the write that is under way. */
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
