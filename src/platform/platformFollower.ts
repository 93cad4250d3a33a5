// Keeps a component's picture of the platform: read from the store, followed by polling for newer
// revisions (one index look-up), and kept on disk after each change. At a cold start with the store
// away the picture on disk serves until the store is back; with neither, start waits.

import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { repeat } from '../flow/repeat.ts'
import type { Database } from '../database/database.ts'
import { buildPlatform, type Platform, type ResourceRows, withChanges } from './platform.ts'
import { readResources, type ResourceRow } from './resourceTable.ts'

const POLL_INTERVAL_MS = 400

export interface FollowerOptions {
  database: Database
  /** Where the picture is kept between starts. */
  file: string
  onTrouble: (what: string, error: Error) => void
}

export class PlatformFollower {
  #options: FollowerOptions
  #rows: ResourceRows = new Map()
  #platform: Platform = buildPlatform(0, new Map())
  #listeners = new Set<(platform: Platform) => void>()
  #stopRounds: () => void = () => undefined
  #known = false

  constructor(options: FollowerOptions) {
    this.#options = options
  }

  get platform(): Platform {
    return this.#platform
  }

  /** Resolves when there is a picture: the store's, or the disk's while the store is away. */
  start(): Promise<void> {
    const { onTrouble } = this.#options
    return new Promise((resolve) => {
      const round = async (): Promise<void> => {
        try {
          await this.#readStore()
        } finally {
          if (!this.#known) await this.#readDisk()
          if (this.#known) resolve()
        }
      }
      this.#stopRounds = repeat(POLL_INTERVAL_MS, 'following the platform', round, onTrouble)
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

  async #readStore(): Promise<void> {
    const since = this.#known ? this.#platform.revision : 0
    const { revision, rows } = await readResources(this.#options.database, since)
    if (this.#known && rows.length === 0) return
    this.#adopt(highest(revision, rows, since), withChanges(this.#rows, rows))
    await this.#writeDisk()
  }

  #adopt(revision: number, rows: ResourceRows): void {
    this.#known = true
    this.#rows = rows
    this.#platform = buildPlatform(revision, rows)
    for (const listener of this.#listeners) listener(this.#platform)
  }

  /** Quiet about a missing file: the store's trouble was just told of, and start() waits. */
  async #readDisk(): Promise<void> {
    const text = await readFile(this.#options.file, 'utf8').catch(() => undefined)
    if (text === undefined) return
    // Written by #writeDisk below.
    const kept = JSON.parse(text) as { revision: number; rows: ResourceRow[] }
    this.#adopt(kept.revision, withChanges(new Map(), kept.rows))
  }

  async #writeDisk(): Promise<void> {
    const { file } = this.#options
    const text = JSON.stringify({
      revision: this.#platform.revision,
      rows: [...this.#rows.values()],
    })
    try {
      await mkdir(dirname(file), { recursive: true })
      await writeFile(`${file}.next`, text, { mode: 0o600 })
      await rename(`${file}.next`, file)
    } catch (error) {
      this.#options.onTrouble(`keeping the platform in ${file}`, asError(error))
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
