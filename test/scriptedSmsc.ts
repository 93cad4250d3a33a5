// An SMSC that a test controls. It records submitted messages, answers them as the test decides,
// and sends receipts on the bind that the test chooses. The system_id of a bind identifies its
// connector.

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
  /** Fields that differ from those of an ordinary receipt. */
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
  /** All messages submitted so far, in order. */
  readonly taken: Taken[] = []
  /**
   * Decides how a message is answered. By default it is accepted immediately with the id `UP-<its
   * place in taken>`.
   */
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

  /** @param port the port of a closed SMSC that this one replaces; any free port by default */
  listen(port = 0): Promise<{ port: number }> {
    return this.#server.listen(port, '127.0.0.1')
  }

  /** Closes immediately, without unbinding: a worker that was killed or stopped cannot answer. */
  close(): Promise<void> {
    this.#isClosed = true
    for (const session of this.#sessions) session.close('the test is over')
    return this.#server.close()
  }

  /** The open binds of a connector, oldest first. */
  bindsOf(connector: string): Session[] {
    return [...this.#sessions].filter(({ bind }) => bind?.system_id === connector)
  }

  takenFor(destination: string): Taken[] {
    return this.taken.filter((taken) => taken.destination === destination)
  }

  /**
   * Sends a receipt. Resolves with the command_status of the deliver_sm_resp, or with the reason
   * why no deliver_sm_resp arrived.
   */
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

  /**
   * Sends a receipt repeatedly, on any bind of the connector, until it is acknowledged, as SMSCs
   * do.
   */
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
      // The text outlives this call, so it must not remain a view of the chunk from the socket.
      text: pdu.short_message.toString('latin1'),
      answer: (message_id) => session.respond(pdu, ESME_ROK, { message_id }),
      refuse: (commandStatus) => session.respond(pdu, commandStatus),
    }
    this.script(taken, this.taken.push(taken) - 1)
  }
}
