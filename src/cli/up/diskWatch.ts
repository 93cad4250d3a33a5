import { statfsSync } from 'node:fs'

export interface DiskWatchOptions {
  readonly folder: string
  /** One line for a person, at each change. */
  show(line: string): void
  /** There is space to write again. */
  onRoom(): void
  /** Free octets; by default those of the disk that holds the folder. */
  readonly freeOctets?: () => number
}

type Level = 'room' | 'low' | 'full'

const MEGA = 1024 * 1024
const CHECK_EVERY_MS = 2_000
const LOW_OCTETS = 256 * MEGA
/** PostgreSQL adds to its log of changes 16 MB at a time, and stops when it cannot. */
const FULL_OCTETS = 16 * MEGA

/**
 * Looks how much space is left. Processes whose logs lie on a full disk cannot say themselves that
 * it is full.
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
        'are refused with ESME_RTHROTTLED. Free some space; work then resumes by itself'
      )
    if (this.#level === 'low' && former === 'room')
      return `${where} is nearly full (${freeMega} MB left); free some space`
    return `${where} has free space again (${freeMega} MB left)`
  }

  /** A folder that is gone is told of by whoever needs it. */
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
