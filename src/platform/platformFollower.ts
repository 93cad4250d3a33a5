// Keeps a component's picture of the platform. The follower reads the resources of the kinds that
// the component needs, then polls for newer revisions (one index look-up) and reads what changed.
// Many rows are read a few at a time, and then appear together. A snapshot is written after
// changes, beside the polls, so that it delays no change (snapshotWriter.ts). When the database
// is away at a cold start, the snapshot serves until it is back. Without a snapshot, start waits.
// A row that this version cannot read is reported once and leaves the rest as it is.

import { asError } from '../flow/asError.ts'
import { repeat } from '../flow/repeat.ts'
import type { Platform } from './platform.ts'
import { PlatformRows, resourceKey } from './platformRows.ts'
import type { ChangedIds, UnreadableRow } from './platformRows.ts'
import { parseSnapshot, snapshotPieces } from './platformSnapshot.ts'
import type { PlatformSnapshot } from './platformSnapshot.ts'
import type { ResourceRow } from './resourceRow.ts'
import { SnapshotWriter } from './snapshotWriter.ts'

const POLL_INTERVAL_MS = 400
/** Whoever heard nothing for longer may have missed deletions: their tombstones go after a day. */
const CHANGES_SUFFICE_MS = 12 * 3_600_000

/** Reading so many rows takes about a millisecond; then the event loop gets a turn. */
const ROWS_AT_ONCE = 256

/** @param changed ids by kind; undefined when everything may have changed */
export type PlatformListener = (platform: Platform, changed: ChangedIds | undefined) => void

export interface FollowerOptions {
  /** Kinds whose rows are not read. Kinds of other versions are, since snapshots keep them. */
  readonly ignoredKinds?: ReadonlySet<string>
  readonly resources: {
    /** All live resources (`since` 0), or the changes after `since`, deletions included. */
    read(since: number): Promise<{ revision: number; rows: readonly ResourceRow[] }>
  }
  /** A text that outlives the process. */
  readonly snapshot: {
    /** Undefined without a snapshot. */
    read(): Promise<string | undefined>
    write(pieces: Iterable<string>): Promise<void>
  }
  onTrouble(what: string, error: Error): void
}

export class PlatformFollower {
  readonly #options: FollowerOptions
  readonly #rows = new PlatformRows()
  readonly #listeners = new Set<PlatformListener>()
  readonly #writer: SnapshotWriter
  #stopRounds: () => void = () => undefined
  #isKnown = false
  #confirmedAtMs = Number.NEGATIVE_INFINITY
  #isSnapshotTried = false

  constructor(options: FollowerOptions) {
    this.#options = options
    this.#writer = new SnapshotWriter({
      pieces: () => snapshotPieces(this.platform.revision, this.#rows.kept()),
      write: (pieces) => options.snapshot.write(pieces),
      onTrouble: (what, error) => options.onTrouble(what, error),
    })
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
  follow(listener: PlatformListener): void {
    this.#listeners.add(listener)
    listener(this.platform, undefined)
  }

  stop(): void {
    this.#stopRounds()
    this.#writer.stop()
  }

  /** Resolves when the snapshot has every change that was seen. */
  async whenKept(): Promise<void> {
    await this.#writer.flush()
  }

  async #readResources(): Promise<void> {
    const isFirst = !this.#isKnown
    const askedAtMs = Date.now()
    const isComplete = askedAtMs - this.#confirmedAtMs > CHANGES_SUFFICE_MS
    const since = isComplete ? 0 : this.platform.revision
    const { revision, rows: read } = await this.#options.resources.read(since)
    const rows = isComplete ? [...read, ...this.#rows.missingFrom(read)] : read
    const reached = highest(revision, rows, since)
    if (!isComplete && rows.length === 0) {
      // Revisions that changed only ignored kinds are not read again.
      if (reached > since) this.#rows.commit(reached)
      this.#confirmedAtMs = askedAtMs
      return
    }
    const unreadable = await this.#take(rows)
    if (isFirst && unreadable.length > 0) await this.#putKeptInForce(unreadable)
    const changed = this.#rows.commit(reached)
    this.#confirmedAtMs = askedAtMs
    this.#announce(unreadable, changed)
    this.#writer.changed()
  }

  async #take(rows: readonly ResourceRow[]): Promise<UnreadableRow[]> {
    const unreadable: UnreadableRow[] = []
    for (let at = 0; at < rows.length; at += ROWS_AT_ONCE) {
      if (at > 0) await new Promise((resolve) => setImmediate(resolve))
      unreadable.push(...this.#rows.take(rows.slice(at, at + ROWS_AT_ONCE)))
    }
    return unreadable
  }

  /** A process that starts again still serves the last readable versions. */
  async #putKeptInForce(unreadable: readonly UnreadableRow[]): Promise<void> {
    const newest = unreadable.map(({ row }) => row)
    const keys = new Set(newest.map((row) => resourceKey(row)))
    const snapshot = await this.#readSnapshot()
    const kept = snapshot?.rows.filter((row) => keys.has(resourceKey(row))) ?? []
    this.#rows.take([...kept, ...newest])
  }

  /** Only the first time: nobody else writes the snapshot. */
  async #startFromSnapshot(): Promise<void> {
    if (this.#isSnapshotTried) return
    this.#isSnapshotTried = true
    const snapshot = await this.#readSnapshot()
    if (!snapshot) return
    const unreadable = await this.#take(snapshot.rows)
    this.#announce(unreadable, this.#rows.commit(snapshot.revision))
  }

  #announce(unreadable: readonly UnreadableRow[], changed: ChangedIds): void {
    this.#isKnown = true
    for (const { error } of unreadable)
      this.#options.onTrouble(
        'a stored resource cannot be read; its last readable version, if any, stays in force',
        error,
      )
    for (const listener of this.#listeners) listener(this.platform, changed)
  }

  async #readSnapshot(): Promise<PlatformSnapshot | undefined> {
    try {
      const text = await this.#options.snapshot.read()
      return text === undefined ? undefined : this.#withoutIgnored(parseSnapshot(text))
    } catch (error) {
      this.#options.onTrouble('reading the snapshot of the platform failed', asError(error))
      return undefined
    }
  }

  /** A process of another version may have kept more kinds. */
  #withoutIgnored({ revision, rows }: PlatformSnapshot): PlatformSnapshot {
    return { revision, rows: rows.filter(({ kind }) => !this.#options.ignoredKinds?.has(kind)) }
  }
}

/** Rows can be newer than the revision that was read just before them. */
function highest(revision: number, rows: readonly ResourceRow[], since: number): number {
  return rows.reduce((most, row) => Math.max(most, row.revision), Math.max(revision, since))
}
