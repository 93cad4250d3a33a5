// Wakes everybody who waits for rows of a topic, in every process. Listeners in this process hear
// of it at once; the others by a notification, of which each process sends at most one every few
// milliseconds. A lost notification costs its listener a poll interval and nothing else.

import type { NotificationReceiver } from '../database/notifications.ts'

export interface NotificationChannel {
  /** Reaches every process that listens, this one included. */
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

  /** @param onError called with each notification that could not be sent */
  constructor(channel: NotificationChannel, onError: (error: Error) => void) {
    this.#channel = channel
    this.#onError = onError
  }

  /** Calls back when a topic is woken, in any process. Returns a function that ends this. */
  listen(topic: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set()
    this.#listeners.set(topic, listeners.add(listener))
    this.#startListening()
    return () => listeners.delete(listener)
  }

  /** Rows of these topics were committed, or may be visible again. */
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

  /** A process that only wakes others never opens the channel. */
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
