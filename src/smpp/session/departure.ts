type Step = 'none' | 'draining' | 'unbindSent' | 'unbindAnswered' | 'unbindReceived' | 'unbound'

export interface DepartureActions {
  /** Whether a request from the peer is still unanswered. */
  weOwe(): boolean
  /** Whether one of our requests is still unanswered. */
  theyOwe(): boolean
  /** Sends unbind and returns its sequence_number. */
  sendUnbind(): number
  answerUnbind(sequence: number): void
  /** Restarts the timer that calls `advance(true)`. It is shorter for the last step. */
  setDeadline(isLastStep: boolean): void
  close(reason: string): void
}

/**
 * The orderly end of a session (SMPP 3.4 §4.2). Whichever side starts it, outstanding requests are
 * answered before unbind or unbind_resp is sent, so the fate of every request is known. Each step
 * has a time limit.
 */
export class Departure {
  #step: Step = 'none'
  /** The sequence_number of the unbind that ends the session, no matter which side sent it. */
  #sequence = 0
  readonly #actions: DepartureActions

  constructor(actions: DepartureActions) {
    this.#actions = actions
  }

  get hasBegun(): boolean {
    return this.#step !== 'none'
  }

  get awaitsUnbindResp(): boolean {
    return this.#step === 'unbindSent'
  }

  begin(): void {
    if (this.hasBegun) return
    this.#enter('draining')
    this.advance(false)
  }

  /** Whether a response with this sequence_number would answer our unbind. */
  awaits(sequence: number): boolean {
    return this.awaitsUnbindResp && sequence === this.#sequence
  }

  receivedUnbind(sequence: number): void {
    this.#sequence = sequence
    this.#enter('unbindReceived')
    this.advance(false)
  }

  receivedUnbindResp(): void {
    this.#step = 'unbindAnswered'
    this.advance(false)
  }

  /**
   * Performs steps until a step has to wait for outstanding answers. With `isOverdue`, the current
   * step no longer waits for them.
   */
  advance(isOverdue: boolean): void {
    const { weOwe, theyOwe, sendUnbind, answerUnbind, close } = this.#actions
    switch (this.#step) {
      case 'none':
        break
      case 'draining':
        if (!isOverdue && (weOwe() || theyOwe())) break
        this.#sequence = sendUnbind()
        this.#enter('unbindSent')
        break
      case 'unbindSent':
        if (isOverdue) close('unbind was not answered')
        break
      case 'unbindAnswered':
        if (isOverdue || !weOwe()) close('unbound by us')
        break
      case 'unbindReceived':
        if (!isOverdue && weOwe()) break
        answerUnbind(this.#sequence)
        this.#enter('unbound')
        this.advance(false)
        break
      case 'unbound':
        if (isOverdue || !theyOwe()) close('unbound by the peer')
        break
    }
  }

  #enter(step: Step): void {
    this.#step = step
    this.#actions.setDeadline(step === 'unbound')
  }
}
