/**
 * Adds up counters of processes that are killed and start again from 0. Each reading says which run
 * of a process it is from; what a run counted after its last reading is missing.
 */
export class Increases {
  readonly #latest = new Map<string, number>()
  readonly #sums = new Map<string, number>()

  /** `run` names one life of a process, such as its pid; `name` the counter. */
  read(run: string, name: string, value: number): void {
    const key = `${run} ${name}`
    const increase = value - (this.#latest.get(key) ?? 0)
    this.#latest.set(key, value)
    this.#sums.set(name, (this.#sums.get(name) ?? 0) + increase)
  }

  /** By the name of the counter. */
  get sums(): ReadonlyMap<string, number> {
    return this.#sums
  }
}
