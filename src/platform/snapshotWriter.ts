// Writes the snapshot of a follower after changes: the first change at once, and later ones
// together after a rest, so that a load of many changes does not write a file for each. The
// text is made and written piece by piece, and the event loop is free between two pieces.

import { asError } from '../flow/asError.ts'

/** A process that is killed within this time may lack the newest changes in its snapshot. */
const REST_MS = 5_000

export interface SnapshotWriterOptions {
  /** The snapshot of this moment. It stays as it is while it is being written. */
  pieces(): Iterable<string>
  write(pieces: Iterable<string>): Promise<void>
  onTrouble(what: string, error: Error): void
}

export class SnapshotWriter {
  readonly #options: SnapshotWriterOptions
  #isOutdated = false
  #isStopped = false
  #writing: Promise<void> | undefined
  #rest: NodeJS.Timeout | undefined

  constructor(options: SnapshotWriterOptions) {
    this.#options = options
  }

  /** Call it after each change. */
  changed(): void {
    this.#isOutdated = true
    this.#writeWhenDue()
  }

  /** Starts no more writes. */
  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#rest)
  }

  /** Resolves when every change so far has been written, or has failed to be. */
  async flush(): Promise<void> {
    await this.#writing
    if (this.#isOutdated) await this.#write()
  }

  #writeWhenDue(): void {
    if (this.#isStopped || !this.#isOutdated || this.#writing || this.#rest) return
    this.#writing = this.#write().finally(() => {
      this.#writing = undefined
      if (this.#isStopped) return
      this.#rest = setTimeout(() => {
        this.#rest = undefined
        this.#writeWhenDue()
      }, REST_MS)
    })
  }

  async #write(): Promise<void> {
    this.#isOutdated = false
    const { onTrouble, pieces, write } = this.#options
    try {
      await write(pieces())
    } catch (error) {
      onTrouble('writing a snapshot of the platform failed', asError(error))
    }
  }
}
