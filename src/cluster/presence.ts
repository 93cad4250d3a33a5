// Announces that this process runs and where it listens, and keeps a list of the other processes.
// The list is kept in memory, so it stays usable while the database is away: the last known list
// then applies.

import { repeat } from '../flow/repeat.ts'
import type { ProcessReport } from './processReport.ts'

export const HEARTBEAT_INTERVAL_MS = 1_000

export interface RunningProcess {
  instance: string
  address: string
}

/** Where processes announce themselves: processTable.ts with a database, a list in tests. */
export interface ProcessList {
  beat(component: string, instance: string, address: string, report?: ProcessReport): Promise<void>
  leave(component: string, instance: string): Promise<void>
  /** The processes of a component that gave a sign of life lately. */
  read(component: string): Promise<RunningProcess[]>
}

export interface Announcement {
  component: string
  instance: string
  /** Empty for a process that no other one calls. */
  address: string
  report?: () => ProcessReport
}

export interface PresenceOptions {
  processes: ProcessList
  /** What this process announces of itself. Without it, the process only watches. */
  announce?: Announcement
  /** The component whose list is followed. */
  watch?: { component: string; onChange: (processes: readonly RunningProcess[]) => void }
  onTrouble: (what: string, error: Error) => void
}

export class Presence {
  #options: PresenceOptions
  #stopRounds: () => void = () => undefined
  #known = ''
  /** What was reported last, as text. */
  #reported = ''

  constructor(options: PresenceOptions) {
    this.#options = options
  }

  /** Resolves after the first beat and the first list, or the first failure to get them. */
  start(): Promise<void> {
    return new Promise((resolve) => {
      const round = () => this.#round().finally(resolve)
      const { onTrouble } = this.#options
      this.#stopRounds = repeat(HEARTBEAT_INTERVAL_MS, 'the list of processes', round, onTrouble)
    })
  }

  /** Leaves the list, so that others stop coming here. */
  async stop(): Promise<void> {
    this.#stopRounds()
    const { announce, processes, onTrouble } = this.#options
    if (!announce) return
    await processes
      .leave(announce.component, announce.instance)
      .catch((error: Error) => onTrouble('leaving the list of processes', error))
  }

  async #round(): Promise<void> {
    const { announce, processes, watch } = this.#options
    if (announce) await this.#beat(announce)
    if (watch) this.#changed(await processes.read(watch.component))
  }

  /** Sends the process's report only if it has changed. */
  async #beat({ address, component, instance, report }: Announcement): Promise<void> {
    const latest = report?.()
    const text = JSON.stringify(latest) ?? ''
    const isNews = text !== this.#reported
    await this.#options.processes.beat(component, instance, address, isNews ? latest : undefined)
    this.#reported = text
  }

  #changed(processes: RunningProcess[]): void {
    const known = JSON.stringify(processes)
    // Once processes are known, an empty list more likely means a database problem than the end of
    // every process.
    if (known === this.#known || (processes.length === 0 && this.#known !== '')) return
    this.#known = known
    this.#options.watch?.onChange(processes)
  }
}
