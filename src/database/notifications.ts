// Sends notifications between processes with PostgreSQL's NOTIFY. They are sent through the pool
// after a commit, because NOTIFY inside a transaction would serialise the commits. Notifications
// are received on a separate connection. listen() opens this connection, and opens a new one
// automatically when it is lost. Notifications that are sent in the meantime are not received.

import pg from 'pg'
import { backOffMs } from '../flow/backOff.ts'
import type { Database } from './database.ts'

export interface NotificationsOptions {
  databaseUrl: string
  database: Database
  /** Called when the receiving connection is lost. */
  onError: (error: Error) => void
}

export interface NotificationReceiver {
  received(topic: string): void
  /** Listening has started or restarted. Earlier notifications may have been missed. */
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

  /** Notifies every listening process, including this one. */
  async send(topics: readonly string[]): Promise<void> {
    await this.#options.database.run(SEND, [topics])
  }

  /** Passes notifications to the receiver until close(). There can be only one receiver. */
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
    client.on('end', () => onLost(new Error('the connection for notifications was closed')))
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
    client.end().catch(() => undefined) // the connection is already lost
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
