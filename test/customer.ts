import { connectSmpp, ESME_ROK, parseReceipt } from '../src/smpp/index.ts'
import type { Pdu, Session } from '../src/smpp/index.ts'

const TIMERS = {
  sessionInitTimeoutMs: 5000,
  enquireLinkIntervalMs: 0,
  responseTimeoutMs: 60_000,
  inactivityTimeoutMs: 0,
}

export interface CustomerPlace {
  readonly host: string
  readonly port: number
  readonly systemId: string
  readonly password: string
}

/** A customer with one bind. It acknowledges and records every receipt. */
export class Customer {
  #session: Session | undefined
  #stats = new Map<string, string[]>()
  /** Why the bind was closed; undefined while it is open. */
  closed: string | undefined

  /**
   * Rejects if the bind is refused, for example because the gateway has not loaded the user yet.
   */
  async bind({ host, port, systemId, password }: CustomerPlace): Promise<void> {
    this.#session = await connectSmpp({
      host,
      port,
      command: 'bind_transceiver',
      system_id: systemId,
      password,
      windowSize: 1000,
      timers: TIMERS,
      events: {
        requests: { deliver_sm: (session, pdu) => this.#delivered(session, pdu) },
        onClosed: (_, reason) => (this.closed = reason),
      },
    })
  }

  async unbind(): Promise<void> {
    await this.#session?.unbind()
  }

  /** The `stat` of each receipt for a message, in order of arrival. */
  stats(messageId: string): readonly string[] {
    return this.#stats.get(messageId) ?? []
  }

  /**
   * Submits a message. Resolves to its message_id; rejects with the command_status of a refusal.
   */
  async submit(destination_addr: string, registered_delivery = 1): Promise<string> {
    const { commandStatus, messageId } = await this.attempt(destination_addr, registered_delivery)
    if (commandStatus !== ESME_ROK) throw new Error(`refused with ${commandStatus}`)
    return messageId
  }

  attempt(
    destination_addr: string,
    registered_delivery = 1,
    short_message: Buffer = Buffer.from('hello'),
    validity_period = '',
  ): Promise<{ commandStatus: number; messageId: string }> {
    return new Promise((resolve, reject) => {
      const message = { destination_addr, short_message, validity_period }
      const body = { source_addr: 'shop', registered_delivery, ...message }
      const sent = this.#session?.request('submit_sm', body, (outcome) => {
        if (outcome.kind !== 'response') return reject(new Error(`no answer: ${outcome.kind}`))
        const { pdu } = outcome
        const messageId = pdu.command === 'submit_sm_resp' ? pdu.message_id : ''
        resolve({ commandStatus: pdu.command_status, messageId })
      })
      if (sent === undefined) reject(new Error('not sent: no bind, or its window is full'))
    })
  }

  #delivered(session: Session, pdu: Pdu<'deliver_sm'>): void {
    const receipt = parseReceipt(pdu)
    const id = receipt?.id ?? ''
    this.#stats.set(id, [...this.stats(id), receipt?.stat ?? ''])
    session.respond(pdu, ESME_ROK)
  }
}
