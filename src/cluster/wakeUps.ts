// Wakes the listeners of a topic in every process when rows of the topic may be available.
// Listeners in this process are called immediately. Listeners in other processes are called by a
// notification, and each process sends at most one notification every few milliseconds. If a
// notification is lost, the listeners find the rows at their next poll.

import type { NotificationReceiver } from '../database/notifications.ts'

export interface NotificationChannel {
  /** Notifies every listening process, including this one. */
  send(topics: readonly string[]): Promise<void>
  /** Listens until close(). */
  listen(receiver: NotificationReceiver): void
  close(): Promise<void>
}

const COALESCE_MS = 3

export class WakeUps {
  #channel: NotificationChannel
  #onError: (error: Error) => void
  #listeners = new Map<string, Set<() => void>>()
  #listening = false
  #due = new Set<string>()
  #flush: NodeJS.Timeout | undefined
  #closed = false

  /** @param onError called with the error of each notification that could not be sent */
  constructor(channel: NotificationChannel, onError: (error: Error) => void) {
    this.#channel = channel
    this.#onError = onError
  }

  /**
   * Calls `listener` when any process wakes the topic. Returns a function that removes the
   * listener.
   */
  listen(topic: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set()
    this.#listeners.set(topic, listeners.add(listener))
    this.#startListening()
    return () => listeners.delete(listener)
  }

  /**
   * Wakes the listeners of these topics. Must be called after rows of these topics were committed
   * or released.
   */
  wake(topics: Iterable<string>): void {
    for (const topic of topics) {
      this.#due.add(topic)
      this.#wakeHere(topic)
    }
    if (!this.#closed) this.#flush ??= setTimeout(() => this.#send(), COALESCE_MS)
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#flush)
    await this.#channel.close()
  }

  /** Opens the channel for the first listener. A process without listeners never opens it. */
  #startListening(): void {
    if (this.#listening) return
    this.#listening = true
    this.#channel.listen({
      received: (topic) => this.#wakeHere(topic),
      connected: () => {
        for (const topic of this.#listeners.keys()) this.#wakeHere(topic)
      },
    })
  }

  #wakeHere(topic: string): void {
    for (const listener of this.#listeners.get(topic) ?? []) listener()
  }

  #send(): void {
    this.#flush = undefined
    const topics = [...this.#due]
    this.#due.clear()
    this.#channel.send(topics).catch(this.#onError)
  }
}
