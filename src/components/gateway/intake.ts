// The intake of messages from SMPP and HTTP. It limits the number of messages in progress, gives
// each message an id and submits it to a router. Every message gets exactly one verdict: it is
// accepted or refused.

import type { User } from '../../platform/user.ts'
import { newMessageId } from '../../message/ids.ts'
import type { MessageId } from '../../message/ids.ts'
import type { Submission, Verdict } from '../../routing/routerCallWire.ts'
import { ESME_RTHROTTLED } from '../../smpp/index.ts'
import { IntakeFigures } from './intakeFigures.ts'
import type { RouterClient } from './routerClient.ts'

const FULL: Extract<Verdict, { kind: 'refused' }> = {
  kind: 'refused',
  commandStatus: ESME_RTHROTTLED,
  reason: 'too many messages in progress; please retry',
}

export class Intake {
  #router: Pick<RouterClient, 'submit'>
  #maxInFlight: number
  #inFlight = 0
  #closed = false
  readonly figures: IntakeFigures

  constructor(
    router: Pick<RouterClient, 'submit'>,
    maxInFlight: number,
    figures = new IntakeFigures(),
  ) {
    this.#router = router
    this.#maxInFlight = maxInFlight
    this.figures = figures
  }

  /**
   * Makes this intake refuse all further messages with a temporary error. Must be called at the
   * start of a shutdown.
   */
  close(): void {
    this.#closed = true
  }

  /** The number of messages that were submitted to routers and have no verdict yet. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** @param body a valid submit_sm body (SMPP 3.4 §4.4.1) */
  submit(user: User, body: Buffer, onVerdict: (verdict: Verdict, id: MessageId) => void): void {
    const messageId = newMessageId()
    const { account, id } = user
    if (this.#closed || this.#inFlight >= this.#maxInFlight) {
      this.figures.addRefused(account, FULL.commandStatus)
      return onVerdict(FULL, messageId)
    }
    this.#inFlight++
    const submission = { messageId, account, user: id, receivedAtMs: Date.now(), body }
    try {
      this.#router.submit(submission, (verdict) => {
        this.#inFlight--
        this.#count(submission, verdict)
        onVerdict(verdict, messageId)
      })
    } catch (error) {
      this.#inFlight--
      throw error
    }
  }

  #count({ account, receivedAtMs }: Submission, verdict: Verdict): void {
    this.figures.verdictSeconds.observe((Date.now() - receivedAtMs) / 1_000)
    if (verdict.kind === 'accepted') this.figures.addAccepted(account)
    else this.figures.addRefused(account, verdict.commandStatus)
  }
}
