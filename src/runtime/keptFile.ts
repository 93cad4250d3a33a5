import { readFile, rename, writeFile } from 'node:fs/promises'
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

  /** Callers wait for one write before they start the next. */
  async write(text: string): Promise<void> {
    const next = `${this.#path}.next`
    makeFolder(dirname(this.#path))
    await writeFile(next, text, { mode: 0o600 })
    await rename(next, this.#path)
  }
}
