// The receipt handles of received messages. Each receive of a message has a new handle, and to
// delete a message with an older one succeeds without deleting it (SQS API Reference,
// DeleteMessage). So a settlement uses the newest handle that is known for the id of the message.

/** A received message. Its handle is replaced if the message is received again. */
export interface HeldMessage {
  readonly handle: string
  readonly receivedAtMs: number
  /** SQS said that the lease has ended. */
  isLost: boolean
  /** The envelope is stored as a dead letter, and its message is to be deleted. */
  isSetAside: boolean
  isSettled: boolean
}

/**
 * A message whose lease ended this long ago belongs to another process, or nobody has received it
 * since. Its handle is then forgotten.
 */
const KEEP_AFTER_LEASE_MS = 60 * 60_000

export class ReceiptHandles {
  #now: () => number
  #held = new Map<string, HeldMessage>()
  /** When each message may be forgotten, roughly in this order. */
  #keepUntilMs = new Map<string, number>()

  constructor(now: () => number) {
    this.#now = now
  }

  get size(): number {
    return this.#held.size
  }

  received(id: string, handle: string, leaseMs: number): void {
    const receivedAtMs = this.#now()
    const known = this.#held.get(id)
    const isSetAside = known?.isSetAside ?? false
    const fresh: HeldMessage = { handle, receivedAtMs, isLost: false, isSetAside, isSettled: false }
    if (known) Object.assign(known, fresh)
    else this.#held.set(id, fresh)
    this.#keep(id, leaseMs)
    this.#forgetOld()
  }

  extended(id: string, leaseMs: number): void {
    if (this.#held.has(id)) this.#keep(id, leaseMs)
  }

  of(id: string): HeldMessage | undefined {
    return this.#held.get(id)
  }

  forget(id: string): void {
    this.#held.delete(id)
    this.#keepUntilMs.delete(id)
  }

  #keep(id: string, leaseMs: number): void {
    this.#keepUntilMs.delete(id)
    this.#keepUntilMs.set(id, this.#now() + leaseMs + KEEP_AFTER_LEASE_MS)
  }

  #forgetOld(): void {
    for (const [id, untilMs] of this.#keepUntilMs) {
      if (untilMs > this.#now()) return
      this.forget(id)
    }
  }
}
