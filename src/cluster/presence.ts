// Announces that this process is running and where it listens, and follows the list of the other
// processes. The last known list is kept in memory, so it remains usable while the database is
// unavailable.

import { repeat } from '../flow/repeat.ts'
import type { ProcessReport } from './processReport.ts'

export const HEARTBEAT_INTERVAL_MS = 1_000

export interface RunningProcess {
  instance: string
  address: string
}

/** Where processes announce themselves: the database (processTable.ts), or memory in tests. */
export interface ProcessList {
  beat(component: string, instance: string, address: string, report?: ProcessReport): Promise<void>
  leave(component: string, instance: string): Promise<void>
  /** The processes of a component with a recent heartbeat. */
  read(component: string): Promise<RunningProcess[]>
}

export interface Announcement {
  component: string
  instance: string
  /** Empty if no other process calls this process. */
  address: string
  report?: () => ProcessReport
}

export interface PresenceOptions {
  processes: ProcessList
  /** What this process announces. If it is missing, the process only watches other processes. */
  announce?: Announcement
  /** The component whose processes are followed. */
  watch?: { component: string; onChange: (processes: readonly RunningProcess[]) => void }
  onTrouble: (what: string, error: Error) => void
}

export class Presence {
  #options: PresenceOptions
  #stopRounds: () => void = () => undefined
  #known = ''
  /** The last report that was stored, as text. */
  #reported = ''

  constructor(options: PresenceOptions) {
    this.#options = options
  }

  /** Resolves after the first heartbeat and the first list, or after the first failure. */
  start(): Promise<void> {
    return new Promise((resolve) => {
      const round = () => this.#round().finally(resolve)
      const { onTrouble } = this.#options
      this.#stopRounds = repeat(
        HEARTBEAT_INTERVAL_MS,
        'updating the list of processes failed',
        round,
        onTrouble,
      )
    })
  }

  /** Removes this process from the list, so that other processes stop calling it. */
  async stop(): Promise<void> {
    this.#stopRounds()
    const { announce, processes, onTrouble } = this.#options
    if (!announce) return
    await processes
      .leave(announce.component, announce.instance)
      .catch((error: Error) => onTrouble('leaving the list of processes failed', error))
  }

  async #round(): Promise<void> {
    const { announce, processes, watch } = this.#options
    if (announce) await this.#beat(announce)
    if (watch) this.#changed(await processes.read(watch.component))
  }

  /** Sends a heartbeat. Adds the process's report only if the report has changed. */
  async #beat({ address, component, instance, report }: Announcement): Promise<void> {
    const latest = report?.()
    const text = JSON.stringify(latest) ?? ''
    const isNews = text !== this.#reported
    await this.#options.processes.beat(component, instance, address, isNews ? latest : undefined)
    this.#reported = text
  }

  #changed(processes: RunningProcess[]): void {
    const known = JSON.stringify(processes)
    // Once processes have been seen, an empty list is more likely caused by a problem of the
    // database than by the end of all processes.
    if (known === this.#known || (processes.length === 0 && this.#known !== '')) return
    this.#known = known
    this.#options.watch?.onChange(processes)
  }
}
