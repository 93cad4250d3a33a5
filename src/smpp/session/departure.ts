type Step = 'none' | 'draining' | 'unbindSent' | 'unbindAnswered' | 'unbindReceived' | 'unbound'

export interface DepartureActions {
  /** Whether we owe the peer answers, and whether it owes us some. */
  weOwe(): boolean
  theyOwe(): boolean
  /** Returns its sequence_number. */
  sendUnbind(): number
  answerUnbind(sequence: number): void
  /** Sets, or sets anew, when `advance(true)` is due. */
  setDeadline(isLastStep: boolean): void
  close(reason: string): void
}

/**
 * The way out of a session (SMPP 3.4 §4.2): whoever starts it, the answers still owed come before
 * unbind or unbind_resp, so that an orderly end leaves no request in doubt. Each step is bounded.
 */
export class Departure {
  #step: Step = 'none'
  /** Of the unbind that ends the session, whoever sent it. */
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

  /** Goes on as far as the answers owed allow, or a step further when it is overdue. */
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
