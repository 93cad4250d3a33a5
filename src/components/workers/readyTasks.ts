/** Taken slots at the front that are given back at once, not one by one. */
const COMPACT_AT = 1_000

/** Tasks that are ready to go, in order. Taking one moves an index instead of the whole array. */
export class ReadyTasks<Task> {
  #tasks: Task[] = []
  #head = 0

  get size(): number {
    return this.#tasks.length - this.#head
  }

  add(task: Task): void {
    this.#tasks.push(task)
  }

  take(): Task | undefined {
    const task = this.#tasks[this.#head]
    if (task === undefined) return undefined
    this.#head++
    if (this.size === 0) this.clear()
    else if (this.#head >= COMPACT_AT) {
      this.#tasks = this.#tasks.slice(this.#head)
      this.#head = 0
    }
    return task
  }

  /** Puts a task that was taken back in front of all others. */
  putBack(task: Task): void {
    if (this.#head > 0) this.#tasks[--this.#head] = task
    else this.#tasks.unshift(task)
  }

  clear(): void {
    this.#tasks = []
    this.#head = 0
  }
}
