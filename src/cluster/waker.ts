// Wakes those who wait for rows, by topic, over NOTIFY: sent after a commit, never inside the
// transaction (that would serialise commits), and at most once every few milliseconds per process.
// A lost notification costs its listener a poll interval, nothing else.

import pg from 'pg'
import { backOffMs } from '../flow/backOff.ts'

const CHANNEL = 'signalbox'
const COALESCE_MS = 3

export interface WakerOptions {
  databaseUrl: string
  pool: pg.Pool
  onError: (error: Error) => void
}

export class Waker {
  #options: WakerOptions
  #listeners = new Map<string, Set<() => void>>()
  #client: pg.Client | undefined
  #reconnect: NodeJS.Timeout | undefined
  #attempt = 0
  #due = new Set<string>()
  #flush: NodeJS.Timeout | undefined
  #closed = false

  constructor(options: WakerOptions) {
    this.#options = options
  }

  /** Calls back when a topic is woken, here or in another process; returns how to stop that. */
  listen(topic: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set()
    this.#listeners.set(topic, listeners.add(listener))
    if (!this.#client && !this.#reconnect) this.#connect()
    return () => listeners.delete(listener)
  }

  /** Says that rows were committed; listeners in this process hear it at once. */
  wake(topics: Iterable<string>): void {
    for (const topic of topics) {
      this.#due.add(topic)
      this.#notifyHere(topic)
    }
    this.#flush ??= setTimeout(() => this.#notify(), COALESCE_MS)
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#reconnect)
    clearTimeout(this.#flush)
    await this.#client?.end().catch(this.#options.onError)
  }

  #notifyHere(topic: string): void {
    for (const listener of this.#listeners.get(topic) ?? []) listener()
  }

  #notify(): void {
    this.#flush = undefined
    const topics = [...this.#due]
    this.#due.clear()
    this.#options.pool
      .query({
        name: 'waker.notify',
        text: `select pg_notify('${CHANNEL}', topic) from unnest($1::text[]) as topic`,
        values: [topics],
      })
      .catch(this.#options.onError)
  }

  #connect(): void {
    if (this.#closed) return
    const client = new pg.Client({
      connectionString: this.#options.databaseUrl,
      application_name: 'signalbox-waker',
      connectionTimeoutMillis: 3000,
      keepAlive: true,
    })
    this.#client = client
    client.on('notification', ({ payload }) => this.#notifyHere(payload ?? ''))
    let lost = false
    const onLost = (error: Error): void => {
      if (lost) return
      lost = true
      this.#lost(client, error)
    }
    client.on('error', onLost)
    client.on('end', () => onLost(new Error('the connection that listens was closed')))
    client
      .connect()
      .then(() => client.query(`listen ${CHANNEL}`))
      .then(() => {
        this.#attempt = 0
        // What was committed while nobody listened.
        for (const topic of this.#listeners.keys()) this.#notifyHere(topic)
      })
      .catch(onLost)
  }

  #lost(client: pg.Client, error: Error): void {
    if (this.#closed || this.#client !== client) return
    this.#options.onError(error)
    client.end().catch(() => undefined) // it is lost already
    this.#client = undefined
    const waitMs = backOffMs(this.#attempt++, 100, 5000)
    this.#reconnect = setTimeout(() => {
      this.#reconnect = undefined
      this.#connect()
    }, waitMs)
  }
}
