// The log file of a process. The process writes its output directly to a file in HOME/log, so that
// no output is lost if `up` itself is killed. `up` reads the file and shows selected lines on the
// terminal. A file that has reached 20 MB is copied to FILE.1, where it replaces the previous copy,
// and is then truncated.
import {
  closeSync,
  copyFileSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  rmSync,
} from 'node:fs'

/** Returns the text to show on the terminal, or undefined to hide the line. */
export type LineFilter = (line: string) => string | undefined

export interface ProcessLogOptions {
  readonly file: string
  readonly filter: LineFilter
  show(line: string): void
}

const FILE_OCTETS_MAX = 20 * 1024 * 1024
const READ_EVERY_MS = 200
const CHUNK_OCTETS = 64 * 1024
/**
 * A faulty process may write a thousand warnings per second. The terminal therefore shows at most
 * this many lines of each process per window.
 */
const SHOWN_LINES_MAX = 20
const SHOWN_WINDOW_MS = 10_000

export class ProcessLog {
  readonly file: string
  /** File descriptor for the stdout and stderr of the process. */
  readonly fd: number
  readonly #options: ProcessLogOptions
  readonly #timer: NodeJS.Timeout
  readonly #chunk = Buffer.alloc(CHUNK_OCTETS)
  #position: number
  #partial = ''
  #shown = 0
  #windowEndsMs = 0

  constructor(options: ProcessLogOptions) {
    this.#options = options
    this.file = options.file
    this.fd = openSync(options.file, 'a+', 0o600)
    this.#rotate()
    this.#position = this.size
    this.#timer = setInterval(() => this.read(), READ_EVERY_MS)
  }

  get size(): number {
    return fstatSync(this.fd).size
  }

  /** Reads the lines written since the last call, and shows the lines that the filter selects. */
  read(): void {
    for (const line of this.#newLines()) {
      const shown = this.#options.filter(line)
      if (shown !== undefined) this.#show(shown)
    }
    this.#rotate()
  }

  /** Returns all lines after the octet position `start`, but at most the last 64 KB. */
  linesSince(start: number): string[] {
    const from = Math.max(start, this.size - CHUNK_OCTETS)
    const octets = readSync(this.fd, this.#chunk, 0, CHUNK_OCTETS, from)
    return this.#chunk.toString('utf8', 0, octets).split('\n').filter(Boolean)
  }

  close(): void {
    clearInterval(this.#timer)
    this.read()
    closeSync(this.fd)
  }

  #newLines(): string[] {
    const lines: string[] = []
    for (;;) {
      const octets = readSync(this.fd, this.#chunk, 0, CHUNK_OCTETS, this.#position)
      if (octets === 0) return lines
      this.#position += octets
      const pieces = (this.#partial + this.#chunk.toString('utf8', 0, octets)).split('\n')
      this.#partial = (pieces.pop() ?? '').slice(0, CHUNK_OCTETS)
      lines.push(...pieces)
    }
  }

  #show(line: string): void {
    const nowMs = performance.now()
    if (nowMs > this.#windowEndsMs) {
      this.#windowEndsMs = nowMs + SHOWN_WINDOW_MS
      this.#shown = 0
    }
    this.#shown++
    if (this.#shown < SHOWN_LINES_MAX) this.#options.show(line)
    if (this.#shown === SHOWN_LINES_MAX) this.#options.show(`more in ${this.file}`)
  }

  /**
   * Copies and truncates a file that is too large. Writers have opened the file for appending, so
   * they continue at the end of the truncated file.
   */
  #rotate(): void {
    if (this.size < FILE_OCTETS_MAX) return
    try {
      copyFileSync(this.file, `${this.file}.1`)
    } catch {
      // The disk is probably full. Free space is worth more than the old lines.
      rmSync(`${this.file}.1`, { force: true })
    }
    ftruncateSync(this.fd)
    this.#position = 0
  }
}

/**
 * Selects pino's JSON lines of level `warn` or above, lines about the end of an outage, and all
 * lines that are not JSON, because such lines are unexpected.
 */
export function troubleOf(text: string): string | undefined {
  if (!text.startsWith('{')) return text.trim() === '' ? undefined : text
  if (!/"level":"(warn|error|fatal)"|"lastedSeconds":/.test(text)) return undefined
  try {
    // The line comes from our own logger. Missing fields are omitted from the text.
    const line = JSON.parse(text) as LogLine
    const { level, msg = '', err, reason = err?.message ?? msg } = line
    const about = [line.connector, line.router, line.user].filter((one) => one !== undefined)
    const where = about.length > 0 ? ` (${about.join(', ')})` : ''
    return `${level}  ${msg}${where}${reason === msg ? '' : `: ${reason}`}`
  } catch {
    return text
  }
}

/** Selects PostgreSQL's errors that stop the server, but not errors that concern only a client. */
export function fatalOf(line: string): string | undefined {
  const stops = /\b(PANIC|FATAL): {2}(?!the database system is|terminating connection|expected)/
  return stops.test(line) ? line : undefined
}

interface LogLine {
  readonly level: string
  readonly msg?: string
  readonly err?: { readonly message?: string }
  readonly reason?: string
  readonly connector?: string
  readonly router?: string
  readonly user?: string
}
