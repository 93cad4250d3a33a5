/** The array is compacted once this many tasks at its front have been taken. */
const COMPACT_AT = 1_000

/**
 * Tasks that are ready to be sent, in order. Taking a task advances an index and does not shift the
 * array.
 */
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

  /** Puts a taken task back at the front. */
  putBack(task: Task): void {
    if (this.#head > 0) this.#tasks[--this.#head] = task
    else this.#tasks.unshift(task)
  }

  /** Removes and returns the tasks for which `isOut` is true. The rest keep their order. */
  takeOut(isOut: (task: Task) => boolean): Task[] {
    const tasks = this.#tasks.slice(this.#head)
    const out = tasks.filter(isOut)
    if (out.length === 0) return out
    const outSet = new Set(out)
    this.#tasks = tasks.filter((task) => !outSet.has(task))
    this.#head = 0
    return out
  }

  /** All tasks, in order. */
  *[Symbol.iterator](): Iterator<Task> {
    for (let index = this.#head; index < this.#tasks.length; index++) {
      const task = this.#tasks[index]
      if (task !== undefined) yield task
    }
  }

  clear(): void {
    this.#tasks = []
    this.#head = 0
  }
}
