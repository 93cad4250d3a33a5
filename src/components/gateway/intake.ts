// Where messages enter, from SMPP and HTTP alike: bounded, given an id, handed to the router. Every
// message gets one verdict.

import type { User } from '../../platform/user.ts'
import { newMessageId } from '../../message/ids.ts'
import type { MessageId } from '../../message/ids.ts'
import type { Verdict } from '../../routing/routerCallWire.ts'
import { ESME_RTHROTTLED } from '../../smpp/index.ts'
import type { RouterClient } from './routerClient.ts'

export interface IntakeCounters {
  accepted: number
  refused: number
}

const FULL: Verdict = {
  kind: 'refused',
  commandStatus: ESME_RTHROTTLED,
  reason: 'too many messages are in progress here: try again',
}

export class Intake {
  #router: Pick<RouterClient, 'submit'>
  #maxInFlight: number
  #inFlight = 0
  #closed = false
  /** Added up per message in plain numbers; metrics read them when scraped. */
  readonly counters: IntakeCounters = { accepted: 0, refused: 0 }

  constructor(router: Pick<RouterClient, 'submit'>, maxInFlight: number) {
    this.#router = router
    this.#maxInFlight = maxInFlight
  }

  /** From now on everything is refused as temporary: this process is about to leave. */
  close(): void {
    this.#closed = true
  }

  /** Messages handed to routers and not answered yet. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** @param body a submit_sm body (SMPP 3.4 §4.4.1) that decodes */
  submit(user: User, body: Buffer, onVerdict: (verdict: Verdict, id: MessageId) => void): void {
    const messageId = newMessageId()
    if (this.#closed || this.#inFlight >= this.#maxInFlight) {
      this.counters.refused++
      return onVerdict(FULL, messageId)
    }
    this.#inFlight++
    const { account, id } = user
    const submission = { messageId, account, user: id, receivedAtMs: Date.now(), body }
    try {
      this.#router.submit(submission, (verdict) => {
        this.#inFlight--
        if (verdict.kind === 'accepted') this.counters.accepted++
        else this.counters.refused++
        onVerdict(verdict, messageId)
      })
    } catch (error) {
      this.#inFlight--
      throw error
    }
  }
}
