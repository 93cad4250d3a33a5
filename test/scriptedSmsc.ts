// An SMSC that a test speaks for: it keeps what was submitted, answers what and when the test says,
// and sends receipts on the bind that the test names. Connectors are told apart by their system_id.

import { setTimeout as delay } from 'node:timers/promises'
import { createSmppServer, ESME_ROK } from '../src/smpp/index.ts'
import type { Pdu, Session, ShortMessageBody } from '../src/smpp/index.ts'

export interface Taken {
  readonly connector: string
  readonly session: Session
  readonly destination: string
  readonly text: string
  answer(id: string): void
  refuse(commandStatus: number): void
}

export interface SentReceipt {
  readonly id: string
  readonly stat: string
  /** Where it differs from ordinary ones. */
  readonly fields?: Partial<ShortMessageBody>
  readonly err?: string
}

const ESM_CLASS_RECEIPT = 4
const RESEND_AFTER_MS = 500
const TIMERS = {
  sessionInitTimeoutMs: 5000,
  enquireLinkIntervalMs: 0,
  responseTimeoutMs: 120_000,
  inactivityTimeoutMs: 0,
}

export class ScriptedSmsc {
  /** Everything that was ever submitted, in order. */
  readonly taken: Taken[] = []
  /** By default each message is answered at once, and gets the id `UP-<its place in taken>`. */
  script: (taken: Taken, place: number) => void = (taken, place) => taken.answer(`UP-${place}`)
  #isClosed = false
  #sessions = new Set<Session>()
  #server = createSmppServer({
    events: {
      onBind: (session, pdu) => {
        this.#sessions.add(session)
        session.acceptBind(pdu)
      },
      requests: { submit_sm: (session, pdu) => this.#take(session, pdu) },
      onClosed: (session) => void this.#sessions.delete(session),
    },
    timers: TIMERS,
    windowSize: 1000,
    maxSessions: 20,
    systemId: 'scripted',
  })

  /** @param port that of an SMSC which was closed and is up again */
  listen(port = 0): Promise<{ port: number }> {
    return this.#server.listen(port, '127.0.0.1')
  }

  /** At once: a worker that is being stopped or was killed need not agree. */
  close(): Promise<void> {
    this.#isClosed = true
    for (const session of this.#sessions) session.close('the test is over')
    return this.#server.close()
  }

  /** The binds of a connector that are up now, oldest first. */
  bindsOf(connector: string): Session[] {
    return [...this.#sessions].filter(({ bind }) => bind?.system_id === connector)
  }

  takenFor(destination: string): Taken[] {
    return this.taken.filter((taken) => taken.destination === destination)
  }

  /** Resolves to the command_status of deliver_sm_resp, or to what became of the link instead. */
  receipt(session: Session, { id, stat, err = '000', fields }: SentReceipt) {
    const text =
      `id:${id} sub:001 dlvrd:001 submit date:2611231200 done date:2611231201 ` +
      `stat:${stat} err:${err} text:hello`
    const body = {
      esm_class: ESM_CLASS_RECEIPT,
      short_message: Buffer.from(text, 'latin1'),
      ...fields,
    }
    return new Promise<number | string>((resolve) => {
      const sent = session.request('deliver_sm', body, (outcome) =>
        resolve(outcome.kind === 'response' ? outcome.pdu.command_status : outcome.kind),
      )
      if (sent === undefined) resolve('not sent')
    })
  }

  /** As SMSCs do: again and again, on any bind, until it is acknowledged. */
  async receiptUntilTaken(connector: string, sent: SentReceipt): Promise<void> {
    while (!this.#isClosed) {
      const [bind] = this.bindsOf(connector)
      if (bind && (await this.receipt(bind, sent)) === ESME_ROK) return
      await delay(RESEND_AFTER_MS)
    }
  }

  #take(session: Session, pdu: Pdu<'submit_sm'>): void {
    const taken: Taken = {
      connector: session.bind?.system_id ?? '',
      session,
      destination: pdu.destination_addr,
      // Kept beyond this call, so it must not stay part of the socket's chunk.
      text: pdu.short_message.toString('latin1'),
      answer: (message_id) => session.respond(pdu, ESME_ROK, { message_id }),
      refuse: (commandStatus) => session.respond(pdu, commandStatus),
    }
    this.script(taken, this.taken.push(taken) - 1)
  }
}
