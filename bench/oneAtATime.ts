import { once } from 'node:events'
import { connectSmpp, encodeText, ESME_ROK, parseReceipt } from '../src/smpp/index.ts'
import type { RequestOutcome, Session } from '../src/smpp/index.ts'

export interface OneAtATimeOptions {
  readonly host: string
  readonly port: number
  readonly systemId: string
  readonly password: string
  readonly text: string
}

/** Times in milliseconds since the submit_sm was sent. */
export interface Took {
  readonly answeredMs: number
  readonly receiptedMs: number
}

const RECEIPT_MS_MAX = 30_000
const TIMERS = {
  sessionInitTimeoutMs: 10_000,
  enquireLinkIntervalMs: 30_000,
  responseTimeoutMs: 30_000,
  inactivityTimeoutMs: 0,
}

/** A customer that sends one message at a time. */
export class OneAtATime {
  readonly #options: OneAtATimeOptions
  /** Arrival times of receipts by message id. A receipt may arrive before its submit_sm_resp. */
  readonly #receipts = new Map<string, number>()
  readonly #arrivals = new EventTarget()
  #session: Session | undefined
  #sent = 0

  static async connect(options: OneAtATimeOptions): Promise<OneAtATime> {
    const customer = new OneAtATime(options)
    await customer.#connect()
    return customer
  }

  private constructor(options: OneAtATimeOptions) {
    this.#options = options
  }

  /** Resolves to the response time in ms. Throws unless the response is ESME_ROK. */
  async submit(): Promise<number> {
    const { sentAtMs, answeredAtMs } = await this.#send(0)
    return answeredAtMs - sentAtMs
  }

  /** Resolves when the message's receipt has arrived. */
  async submitAndWait(): Promise<Took> {
    const { sentAtMs, answeredAtMs, messageId } = await this.#send(1)
    const signal = AbortSignal.timeout(RECEIPT_MS_MAX)
    while (!this.#receipts.has(messageId)) await once(this.#arrivals, 'receipt', { signal })
    const receiptedAtMs = this.#receipts.get(messageId) ?? 0
    this.#receipts.clear()
    return { answeredMs: answeredAtMs - sentAtMs, receiptedMs: receiptedAtMs - sentAtMs }
  }

  async close(): Promise<void> {
    await this.#session?.unbind()
  }

  async #connect(): Promise<void> {
    const { host, port, systemId, password } = this.#options
    this.#session = await connectSmpp({
      host,
      port,
      command: 'bind_transceiver',
      system_id: systemId,
      password,
      windowSize: 1,
      timers: TIMERS,
      events: {
        requests: {
          deliver_sm: (session, pdu) => {
            const nowMs = performance.now()
            session.respond(pdu, ESME_ROK)
            const id = parseReceipt(pdu)?.id
            if (id === undefined) return
            this.#receipts.set(id, nowMs)
            this.#arrivals.dispatchEvent(new Event('receipt'))
          },
        },
      },
    })
  }

  async #send(registered_delivery: number) {
    const { data_coding, short_message: octets } = encodeText(
      `${this.#options.text} ${++this.#sent}`,
    )
    const sentAtMs = performance.now()
    let answeredAtMs = 0
    const outcome = await new Promise<RequestOutcome>((resolve) => {
      const sequence = this.#session?.request(
        'submit_sm',
        {
          source_addr_ton: 5,
          source_addr: 'Signalbox',
          dest_addr_ton: 1,
          dest_addr_npi: 1,
          destination_addr: '447700900123',
          registered_delivery,
          data_coding,
          short_message: octets,
        },
        (answer) => {
          answeredAtMs = performance.now()
          resolve(answer)
        },
      )
      if (sequence === undefined) resolve({ kind: 'closed' })
    })
    const pdu = outcome.kind === 'response' ? outcome.pdu : undefined
    if (pdu?.command !== 'submit_sm_resp' || pdu.command_status !== ESME_ROK) {
      throw new Error(`a submit_sm was not accepted: ${pdu?.command_status ?? outcome.kind}`)
    }
    return { sentAtMs, answeredAtMs, messageId: pdu.message_id }
  }
}
