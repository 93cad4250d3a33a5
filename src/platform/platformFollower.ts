// Keeps a component's picture of the platform. The follower reads all resources, then polls for
// newer revisions (one index look-up), and writes a snapshot after each change. When the database
// is away at a cold start, the snapshot serves until it is back. Without a snapshot, start waits.

import { repeat } from '../flow/repeat.ts'
import { buildPlatform, EMPTY_PLATFORM, withChanges } from './platform.ts'
import type { Platform, ResourceRows } from './platform.ts'
import type { ResourceRow } from './resourceRow.ts'

const POLL_INTERVAL_MS = 400

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
  #options: FollowerOptions
  #rows: ResourceRows = new Map()
  #platform = EMPTY_PLATFORM
  #listeners = new Set<(platform: Platform) => void>()
  #stopRounds: () => void = () => undefined
  #known = false

  constructor(options: FollowerOptions) {
    this.#options = options
  }

  get platform(): Platform {
    return this.#platform
  }

  /** Resolves with the first picture: the database's or, while that is away, the snapshot's. */
  start(): Promise<void> {
    const { onTrouble } = this.#options
    return new Promise((resolve) => {
      const round = async (): Promise<void> => {
        try {
          await this.#readResources()
        } finally {
          if (!this.#known) await this.#readSnapshot()
          if (this.#known) resolve()
        }
      }
      const report = (what: string, error: Error): void => onTrouble(what, error)
      this.#stopRounds = repeat(POLL_INTERVAL_MS, 'following the platform', round, report)
    })
  }

  /** Calls back now and after each change. */
  follow(listener: (platform: Platform) => void): void {
    this.#listeners.add(listener)
    listener(this.#platform)
  }

  stop(): void {
    this.#stopRounds()
  }

  async #readResources(): Promise<void> {
    const since = this.#known ? this.#platform.revision : 0
    const { revision, rows } = await this.#options.resources.read(since)
    if (this.#known && rows.length === 0) return
    this.#adopt(highest(revision, rows, since), withChanges(this.#rows, rows))
    await this.#writeSnapshot()
  }

  #adopt(revision: number, rows: ResourceRows): void {
    this.#known = true
    this.#rows = rows
    this.#platform = buildPlatform(revision, rows)
    for (const listener of this.#listeners) listener(this.#platform)
  }

  async #readSnapshot(): Promise<void> {
    const text = await this.#options.snapshot.read()
    if (text === undefined) return
    // Written by #writeSnapshot below.
    const kept = JSON.parse(text) as { revision: number; rows: ResourceRow[] }
    this.#adopt(kept.revision, withChanges(new Map(), kept.rows))
  }

  async #writeSnapshot(): Promise<void> {
    const { snapshot, onTrouble } = this.#options
    const text = JSON.stringify({
      revision: this.#platform.revision,
      rows: [...this.#rows.values()],
    })
    try {
      await snapshot.write(text)
    } catch (error) {
      onTrouble('keeping a snapshot of the platform', asError(error))
    }
  }
}

/** Rows can be newer than the revision that was read just before them. */
function highest(revision: number, rows: readonly ResourceRow[], since: number): number {
  return rows.reduce((most, row) => Math.max(most, row.revision), Math.max(revision, since))
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
