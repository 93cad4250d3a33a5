/**
 * Adds up counters of processes that may be killed and restarted. The counters of a restarted
 * process begin at 0, so each reading names the run of the process from which it was read. Counts
 * after the last reading of a run are not included.
 */
export class Increases {
  readonly #latest = new Map<string, number>()
  readonly #sums = new Map<string, number>()

  /** `run` identifies one run of a process, for example by its pid. `name` is the counter. */
  read(run: string, name: string, value: number): void {
    const key = `${run} ${name}`
    const increase = value - (this.#latest.get(key) ?? 0)
    this.#latest.set(key, value)
    this.#sums.set(name, (this.#sums.get(name) ?? 0) + increase)
  }

  /** The sums by the name of the counter. */
  get sums(): ReadonlyMap<string, number> {
    return this.#sums
  }
}
