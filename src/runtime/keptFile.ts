import { open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makeFolder } from './makeFolder.ts'

/**
 * A text file that keeps the state of a process across restarts. A write either replaces the whole
 * file or does not change it. Only the owner may read the file, because it can contain secrets.
 */
export class KeptFile {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  /** Returns the text of the file, or undefined if the file does not exist. */
  async read(): Promise<string | undefined> {
    return readFile(this.#path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
  }

  /**
   * Replaces the content of the file. Each piece is written before the next is taken from `pieces`.
   * Callers must wait for one call of write() to finish before they start the next.
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
