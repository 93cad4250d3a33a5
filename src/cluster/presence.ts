// Says that this process runs and where it listens, and who else does. The list is kept in memory
// and survives the store: while it cannot be read, the last one known stays in force.

import { repeat } from '../flow/repeat.ts'
import type { Database } from '../database/database.ts'
import { beat, HEARTBEAT_INTERVAL_MS, leave, readProcesses } from './processTable.ts'
import type { RunningProcess } from './processTable.ts'

export interface PresenceOptions {
  database: Database
  /** Beats under this name, when there is an address to announce. */
  announce?: { component: string; instance: string; address: string }
  /** Whose list is followed. */
  watch?: { component: string; onChange: (processes: readonly RunningProcess[]) => void }
  onTrouble: (what: string, error: Error) => void
}

export class Presence {
  #options: PresenceOptions
  #stopRounds: () => void = () => undefined
  #known = ''

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
    const { announce, database, onTrouble } = this.#options
    if (!announce) return
    await leave(database, announce.component, announce.instance).catch((error: Error) =>
      onTrouble('leaving the list of processes', error),
    )
  }

  async #round(): Promise<void> {
    const { announce, database, watch } = this.#options
    if (announce) await beat(database, announce.component, announce.instance, announce.address)
    if (watch) this.#changed(await readProcesses(database, watch.component))
  }

  #changed(processes: RunningProcess[]): void {
    const known = JSON.stringify(processes)
    // An empty list while we knew some is more likely the store's trouble than everybody's end.
    if (known === this.#known || (processes.length === 0 && this.#known !== '')) return
    this.#known = known
    this.#options.watch?.onChange(processes)
  }
}
