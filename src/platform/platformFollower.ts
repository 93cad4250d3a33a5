// Keeps a component's copy of the platform (accounts, users, connectors and routes) up to date. The
// follower reads the resources of the kinds that the component needs. It then polls for newer
// revisions (one index look-up) and reads the changed rows. Many rows are parsed in small batches,
// and all appear in the platform together.
//
// After changes, a snapshot is written in parallel with the polls, so that writing does not delay
// any change (snapshotWriter.ts). If the database is unavailable at start-up, the follower uses the
// snapshot until the database is back. Without a snapshot, start() waits for the database. A row
// that this version of Signalbox cannot read is reported once and does not affect other rows.

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
/**
 * After a longer time without an answer from the database, the follower reads all rows again. It
 * may have missed deletions, because the rows of deleted resources are removed after a day.
 */
const CHANGES_SUFFICE_MS = 12 * 3_600_000

/** Parsing this many rows takes about a millisecond. The event loop runs between two batches. */
const ROWS_AT_ONCE = 256

/** @param changed the changed ids by kind; undefined if any resource may have changed */
export type PlatformListener = (platform: Platform, changed: ChangedIds | undefined) => void

export interface FollowerOptions {
  /** Kinds whose rows are not read. Unknown kinds are read, so that snapshots contain them. */
  readonly ignoredKinds?: ReadonlySet<string>
  readonly resources: {
    /** Reads all live resources (`since` 0), or all changes after `since`, including deletions. */
    read(since: number): Promise<{ revision: number; rows: readonly ResourceRow[] }>
  }
  /** Stores a text that a later process can read. */
  readonly snapshot: {
    /** Returns undefined if there is no snapshot. */
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

  /** Every change that was committed before this time is included in `platform`. */
  get confirmedAtMs(): number {
    return this.#confirmedAtMs
  }

  /**
   * Resolves when the platform has been read from the database or, if the database is unavailable,
   * from the snapshot.
   */
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
      this.#stopRounds = repeat(POLL_INTERVAL_MS, 'following the platform failed', round, report)
    })
  }

  /** Calls the listener now and after each change. */
  follow(listener: PlatformListener): void {
    this.#listeners.add(listener)
    listener(this.platform, undefined)
  }

  stop(): void {
    this.#stopRounds()
    this.#writer.stop()
  }

  /** Resolves when the snapshot contains every change that the follower has read. */
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
      // These revisions changed only ignored kinds and need not be read again.
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

  /** After a restart, takes the last readable versions of unreadable rows from the snapshot. */
  async #putKeptInForce(unreadable: readonly UnreadableRow[]): Promise<void> {
    const newest = unreadable.map(({ row }) => row)
    const keys = new Set(newest.map((row) => resourceKey(row)))
    const snapshot = await this.#readSnapshot()
    const kept = snapshot?.rows.filter((row) => keys.has(resourceKey(row))) ?? []
    this.#rows.take([...kept, ...newest])
  }

  /** Tries the snapshot only once, because no other process writes it. */
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
        'a stored resource cannot be read; its last readable version, if any, remains in use',
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

  /** The snapshot may contain ignored kinds if a process of another version wrote it. */
  #withoutIgnored({ revision, rows }: PlatformSnapshot): PlatformSnapshot {
    return { revision, rows: rows.filter(({ kind }) => !this.#options.ignoredKinds?.has(kind)) }
  }
}

/**
 * Returns the highest revision that was read. A row may be newer than `revision`, which was read
 * before the rows.
 */
function highest(revision: number, rows: readonly ResourceRow[], since: number): number {
  return rows.reduce((most, row) => Math.max(most, row.revision), Math.max(revision, since))
}
