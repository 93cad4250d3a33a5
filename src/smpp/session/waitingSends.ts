import type { FailedRequest } from './requestError.ts'

export interface WaitingSend {
  /** Called when there is room in the window. Sends the request or fails it. */
  attempt(): void
  fail(failure: FailedRequest): void
  readonly signal: AbortSignal | undefined
}

/** Calls of `send` that wait for a place in the window, in order. Their number is limited. */
export class WaitingSends {
  readonly #sends = new Map<WaitingSend, () => void>()
  readonly #sizeMax: number
  #isRefilling = false

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax
  }

  get size(): number {
    return this.#sends.size
  }

  /** Whether `refill` is running. Only waiting sends may then use free places in the window. */
  get isRefilling(): boolean {
    return this.#isRefilling
  }

  add(send: WaitingSend): void {
    if (this.#sends.size >= this.#sizeMax) {
      send.fail({ code: 'TOO_MANY_WAITING', isOutcomeUnknown: false })
      return
    }
    const onAbort = () => {
      this.#sends.delete(send)
      send.fail({ code: 'ABORTED', isOutcomeUnknown: false, cause: send.signal?.reason })
    }
    send.signal?.addEventListener('abort', onAbort, { once: true })
    this.#sends.set(send, () => send.signal?.removeEventListener('abort', onAbort))
  }

  refill(hasRoom: () => boolean): void {
    // An attempt may close the session, which can call refill again.
    if (this.#isRefilling) return
    this.#isRefilling = true
    for (const send of this.#sends.keys()) {
      if (!hasRoom()) break
      this.#remove(send)
      send.attempt()
    }
    this.#isRefilling = false
  }

  close(reason: string): void {
    for (const send of this.#sends.keys()) {
      this.#remove(send)
      send.fail({ code: 'CLOSED', isOutcomeUnknown: false, reason })
    }
  }

  #remove(send: WaitingSend): void {
    this.#sends.get(send)?.()
    this.#sends.delete(send)
  }
}
