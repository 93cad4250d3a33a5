// Writes a process's snapshot of the platform to a file when the platform has changed. The first
// change is written immediately. Later changes are written together after a pause, so that a burst
// of changes does not write a file for each change. The text is created and written in pieces, and
// the event loop runs between two pieces.

import { asError } from '../flow/asError.ts'

/**
 * The pause between two writes. If the process is killed during the pause, the latest changes may
 * be missing from its snapshot.
 */
const REST_MS = 5_000

export interface SnapshotWriterOptions {
  /** Returns the present snapshot. Later changes must not affect the returned pieces. */
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

  /** Must be called after each change. */
  changed(): void {
    this.#isOutdated = true
    this.#writeWhenDue()
  }

  /** Stops automatic writes. */
  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#rest)
  }

  /**
   * Writes a pending change. Resolves when every change has been written, or when writing it has
   * failed.
   */
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
