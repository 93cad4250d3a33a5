import { statfsSync } from 'node:fs'

export interface DiskWatchOptions {
  readonly folder: string
  /** Shows one line to the user whenever the level changes. */
  show(line: string): void
  /** Called when a disk that was full has free space again. */
  onRoom(): void
  /**
   * Returns the number of free octets. By default, this is read from the disk that holds the
   * folder.
   */
  readonly freeOctets?: () => number
}

type Level = 'room' | 'low' | 'full'

const MEGA = 1024 * 1024
const CHECK_EVERY_MS = 2_000
const LOW_OCTETS = 256 * MEGA
/** PostgreSQL extends its write-ahead log by 16 MB at a time, and stops if that fails. */
const FULL_OCTETS = 16 * MEGA

/**
 * Checks every two seconds how much disk space is left. When the disk is full, the processes of the
 * platform cannot report that, because their logs are on the same disk.
 */
export class DiskWatch {
  readonly #options: DiskWatchOptions
  readonly #timer: NodeJS.Timeout
  #level: Level = 'room'

  constructor(options: DiskWatchOptions) {
    this.#options = options
    this.#timer = setInterval(() => this.check(), CHECK_EVERY_MS)
    this.check()
  }

  check(): void {
    const free = this.#free()
    if (free === undefined) return
    const former = this.#level
    this.#level = free < FULL_OCTETS ? 'full' : free < LOW_OCTETS ? 'low' : 'room'
    if (this.#level === former) return
    this.#options.show(this.#words(former, Math.floor(free / MEGA)))
    if (former === 'full') this.#options.onRoom()
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #words(former: Level, freeMega: number): string {
    const where = `the disk that holds ${this.#options.folder}`
    if (this.#level === 'full')
      return (
        `${where} is full (${freeMega} MB left): nothing can be made durable there, so messages ` +
        'are refused with ESME_RTHROTTLED. Free some space; work then resumes automatically'
      )
    if (this.#level === 'low' && former === 'room')
      return `${where} is nearly full (${freeMega} MB left); free some space`
    return `${where} has free space again (${freeMega} MB left)`
  }

  /**
   * Returns undefined if the folder is missing. The processes that need the folder report that
   * error.
   */
  #free(): number | undefined {
    const { folder, freeOctets } = this.#options
    try {
      return freeOctets ? freeOctets() : octetsFree(folder)
    } catch {
      return undefined
    }
  }
}

function octetsFree(folder: string): number {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}
