import { open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makeFolder } from './makeFolder.ts'

/**
 * A text that a process keeps between its starts. A write replaces the whole file or leaves the
 * former one as it was. Only the owner may read it, since it can hold secrets.
 */
export class KeptFile {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  /** Undefined if the file does not exist. */
  async read(): Promise<string | undefined> {
    return readFile(this.#path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
  }

  /**
   * Each piece is asked for when the one before has been written. Callers wait for one write before
   * they start the next.
   */
  async write(pieces: Iterable<string>): Promise<void> {
    const next = `${this.#path}.next`
    makeFolder(dirname(this.#path))
    const file = await open(next, 'w', 0o600)
    try {
      for (const piece of pieces) await file.writeFile(piece)
    } finally {
      await file.close()
    }
    await rename(next, this.#path)
  }
}
