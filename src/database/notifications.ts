// Notifications between processes over NOTIFY. Sending goes through the pool, after a commit and
// never inside the transaction, which would serialise commits. Receiving takes a connection of its
// own, which is opened when somebody listens and comes back by itself when it is lost. What is sent
// while it is away is not heard.

import pg from 'pg'
import { backOffMs } from '../flow/backOff.ts'
import type { Database } from './database.ts'

export interface NotificationsOptions {
  databaseUrl: string
  database: Database
  /** Called when the connection that listens was lost. */
  onError: (error: Error) => void
}

export interface NotificationReceiver {
  received(topic: string): void
  /** Listening has begun, or begun again. What was sent before it went unheard. */
  connected(): void
}

const CHANNEL = 'signalbox'
const CONNECT_TIMEOUT_MS = 3_000
const RECONNECT_FIRST_MS = 100
const RECONNECT_CAP_MS = 5_000

const SEND = {
  name: 'notifications.send',
  text: `select pg_notify('${CHANNEL}', topic) from unnest($1::text[]) as topic`,
}

export class Notifications {
  #options: NotificationsOptions
  #receiver: NotificationReceiver | undefined
  #client: pg.Client | undefined
  #reconnect: NodeJS.Timeout | undefined
  #attempt = 0
  #closed = false

  constructor(options: NotificationsOptions) {
    this.#options = options
  }

  /** Reaches every process that listens, this one included. */
  async send(topics: readonly string[]): Promise<void> {
    await this.#options.database.run(SEND, [topics])
  }

  /** Listens until close(), for one receiver. */
  listen(receiver: NotificationReceiver): void {
    this.#receiver = receiver
    if (!this.#client && !this.#reconnect) this.#connect()
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#reconnect)
    await this.#client?.end().catch(this.#options.onError)
  }

  #connect(): void {
    if (this.#closed) return
    const client = new pg.Client({
      connectionString: this.#options.databaseUrl,
      application_name: 'signalbox-notifications',
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
    })
    this.#client = client
    client.on('notification', ({ payload }) => this.#receiver?.received(payload ?? ''))
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
        this.#receiver?.connected()
      })
      .catch(onLost)
  }

  #lost(client: pg.Client, error: Error): void {
    if (this.#closed || this.#client !== client) return
    this.#options.onError(error)
    client.end().catch(() => undefined) // it is lost already
    this.#client = undefined
    this.#reconnect = setTimeout(
      () => {
        this.#reconnect = undefined
        this.#connect()
      },
      backOffMs(this.#attempt++, RECONNECT_FIRST_MS, RECONNECT_CAP_MS),
    )
  }
}
