// Keeps a component's picture of the platform. The follower reads all resources, then polls for
// newer revisions (one index look-up), and writes a snapshot after each change. When the database
// is away at a cold start, the snapshot serves until it is back. Without a snapshot, start waits.
// A row that this version cannot read is reported once and leaves the rest as it is.

import { asError } from '../flow/asError.ts'
import { repeat } from '../flow/repeat.ts'
import type { Platform } from './platform.ts'
import { PlatformRows, resourceKey } from './platformRows.ts'
import type { UnreadableRow } from './platformRows.ts'
import { parseSnapshot, snapshotText } from './platformSnapshot.ts'
import type { PlatformSnapshot } from './platformSnapshot.ts'
import type { ResourceRow } from './resourceRow.ts'

const POLL_INTERVAL_MS = 400
/** Whoever heard nothing for longer may have missed deletions: their tombstones go after a day. */
const CHANGES_SUFFICE_MS = 12 * 3_600_000

export interface FollowerOptions {
  readonly resources: {
    /** All live resources (`since` 0), or the changes after `since`, deletions included. */
    read(since: number): Promise<{ revision: number; rows: readonly ResourceRow[] }>
  }
  /** A text that outlives the process. */
  readonly snapshot: {
    /** Undefined without a snapshot. */
    read(): Promise<string | undefined>
    write(text: string): Promise<void>
  }
  onTrouble(what: string, error: Error): void
}

export class PlatformFollower {
  readonly #options: FollowerOptions
  readonly #rows = new PlatformRows()
  readonly #listeners = new Set<(platform: Platform) => void>()
  #stopRounds: () => void = () => undefined
  #isKnown = false
  #confirmedAtMs = Number.NEGATIVE_INFINITY
  #isSnapshotTried = false

  constructor(options: FollowerOptions) {
    this.#options = options
  }

  get platform(): Platform {
    return this.#rows.platform
  }

  /** No change of the platform that was committed before this time is missing here. */
  get confirmedAtMs(): number {
    return this.#confirmedAtMs
  }

  /** Resolves with the first picture: the database's or, while that is away, the snapshot's. */
  start(): Promise<void> {
    const { onTrouble } = this.#options
    return new Promise((resolve) => {
      const round = async (): Promise<void> => {
        try {
          await this.#readResources()
        } finally {
          if (!this.#isKnown) await this.#startFromSnapshot()
          if (this.#isKnown) resolve()
        }
      }
      const report = (what: string, error: Error): void => onTrouble(what, error)
      this.#stopRounds = repeat(POLL_INTERVAL_MS, 'following the platform', round, report)
    })
  }

  /** Calls back now and after each change. */
  follow(listener: (platform: Platform) => void): void {
    this.#listeners.add(listener)
    listener(this.platform)
  }

  stop(): void {
    this.#stopRounds()
  }

  async #readResources(): Promise<void> {
    const isFirst = !this.#isKnown
    const askedAtMs = Date.now()
    const isComplete = askedAtMs - this.#confirmedAtMs > CHANGES_SUFFICE_MS
    const since = isComplete ? 0 : this.platform.revision
    const { revision, rows: read } = await this.#options.resources.read(since)
    const rows = isComplete ? [...read, ...this.#rows.missingFrom(read)] : read
    if (!isComplete && rows.length === 0) {
      this.#confirmedAtMs = askedAtMs
      return
    }
    const unreadable = this.#rows.apply(highest(revision, rows, since), rows)
    if (isFirst && unreadable.length > 0) await this.#putKeptInForce(unreadable)
    this.#confirmedAtMs = askedAtMs
    this.#announce(unreadable)
    await this.#writeSnapshot()
  }

  /** A process that starts again still serves the last readable versions. */
  async #putKeptInForce(unreadable: readonly UnreadableRow[]): Promise<void> {
    const newest = unreadable.map(({ row }) => row)
    const keys = new Set(newest.map((row) => resourceKey(row)))
    const snapshot = await this.#readSnapshot()
    const kept = snapshot?.rows.filter((row) => keys.has(resourceKey(row))) ?? []
    this.#rows.apply(this.platform.revision, [...kept, ...newest])
  }

  /** Only the first time: nobody else writes the snapshot. */
  async #startFromSnapshot(): Promise<void> {
    if (this.#isSnapshotTried) return
    this.#isSnapshotTried = true
    const snapshot = await this.#readSnapshot()
    if (snapshot) this.#announce(this.#rows.apply(snapshot.revision, snapshot.rows))
  }

  #announce(unreadable: readonly UnreadableRow[]): void {
    this.#isKnown = true
    for (const { error } of unreadable)
      this.#options.onTrouble(
        'a stored resource cannot be read; its last readable version, if any, stays in force',
        error,
      )
    for (const listener of this.#listeners) listener(this.platform)
  }

  async #readSnapshot(): Promise<PlatformSnapshot | undefined> {
    try {
      const text = await this.#options.snapshot.read()
      return text === undefined ? undefined : parseSnapshot(text)
    } catch (error) {
      this.#options.onTrouble('reading the snapshot of the platform failed', asError(error))
      return undefined
    }
  }

  async #writeSnapshot(): Promise<void> {
    const text = snapshotText({
      revision: this.platform.revision,
      rows: [...this.#rows.kept()],
    })
    try {
      await this.#options.snapshot.write(text)
    } catch (error) {
      this.#options.onTrouble('writing a snapshot of the platform failed', asError(error))
    }
  }
}

/** Rows can be newer than the revision that was read just before them. */
function highest(revision: number, rows: readonly ResourceRow[], since: number): number {
  return rows.reduce((most, row) => Math.max(most, row.revision), Math.max(revision, since))
}
