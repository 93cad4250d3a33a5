// Looks after the messages of connectors that no process has bound, so that each message expires on
// time and not only when the SMSC is available again. A process has a connector bound while at
// least one of its binds to the connector's SMSC is up. The process that holds the first slot of a
// connector is the connector's caretaker. In that process the connector's lanes receive a few
// envelopes although nothing can be sent (submitLane.ts). Those envelopes are sent first when a
// bind is up again. The caretaker does not decide whether a message may be sent, so no harm is done
// if a connector has two caretakers by mistake.

import { asError } from '../../flow/asError.ts'
import type { BoundState } from '../../cluster/boundConnectorTable.ts'

export interface CaretakerOptions {
  /** Tells the other processes which binds of this process are up. */
  tellBound: (state: BoundState) => Promise<void>
  isBoundElsewhere: (connector: string) => Promise<boolean>
  /** Called when this process starts or stops looking after a connector's messages. */
  onChange: (connector: string) => void
  onTrouble: (what: string, error: Error) => void
  now?: () => number
}

/** The result of a round of leasing for one connector. */
export interface LeaseRound {
  slots: readonly number[]
  /** The end of the leases of these slots, in monotonic ms. */
  heldUntilMs: number
  /** The subset of `slots` whose bind is up. */
  boundSlots: readonly number[]
}

interface Watched extends LeaseRound {
  unboundSinceMs: number | undefined
  isUnboundElsewhere: boolean
  /**
   * The state that was last reported to other processes. `1,2 2` means that slots 1 and 2 are held
   * and that the bind of slot 2 is up.
   */
  told: string
  isLooking: boolean
  cared: boolean
}

/** The holder of this slot is the connector's caretaker. */
export const CARETAKERS_SLOT = 1
/** If a link comes back within this time, no caretaker is needed. */
const UNBOUND_MS = 5_000

export class Caretaker {
  #options: CaretakerOptions
  #now: () => number
  #watched = new Map<string, Watched>()

  constructor(options: CaretakerOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
  }

  /** Whether this process currently looks after the connector's messages. */
  caresFor(connector: string): boolean {
    const watched = this.#watched.get(connector)
    if (!watched || watched.unboundSinceMs === undefined) return false
    const nowMs = this.#now()
    return (
      watched.isUnboundElsewhere &&
      watched.slots.includes(CARETAKERS_SLOT) &&
      nowMs < watched.heldUntilMs &&
      nowMs - watched.unboundSinceMs >= UNBOUND_MS
    )
  }

  /** Called after each round of leasing, even while the call for an earlier round is pending. */
  async look(connector: string, round: LeaseRound): Promise<void> {
    const watched = this.#update(connector, round)
    if (watched.isLooking) return
    watched.isLooking = true
    try {
      await this.#tell(connector, watched)
      // Only a process that holds the first slot and is not bound needs to ask about the others.
      if (watched.boundSlots.length === 0 && watched.slots.includes(CARETAKERS_SLOT))
        watched.isUnboundElsewhere = !(await this.#options.isBoundElsewhere(connector))
    } catch (error) {
      this.#options.onTrouble(`asking which processes have ${connector} bound`, asError(error))
    } finally {
      watched.isLooking = false
    }
    this.#report(connector, watched)
  }

  /** Called when these slots are being given up. */
  leave(connector: string, slots: readonly number[]): void {
    const watched = this.#watched.get(connector)
    if (!watched) return
    watched.slots = watched.slots.filter((slot) => !slots.includes(slot))
    if (watched.slots.length === 0) this.#watched.delete(connector)
    this.#report(connector, watched)
  }

  #update(connector: string, round: LeaseRound): Watched {
    const { slots } = round
    const before = this.#watched.get(connector)
    const isBound = round.boundSlots.length > 0
    const unboundSinceMs = isBound ? undefined : (before?.unboundSinceMs ?? this.#now())
    const known = before ?? { isUnboundElsewhere: false, told: '', isLooking: false, cared: false }
    // If the leases were lost in the meantime, the rows of the new leases do not contain the state.
    if (slots.length === 0 || this.#now() >= (before?.heldUntilMs ?? 0)) known.told = ''
    // The object is updated in place, so that a pending look() continues with the result of this
    // round.
    const watched = Object.assign(known, round, { unboundSinceMs })
    this.#watched.set(connector, watched)
    return watched
  }

  async #tell(connector: string, watched: Watched): Promise<void> {
    const { boundSlots, slots } = watched
    const news = `${slots.join()} ${boundSlots.join()}`
    if (slots.length === 0 || news === watched.told) return
    await this.#options.tellBound({ connector, slots, boundSlots })
    watched.told = news
  }

  #report(connector: string, watched: Watched): void {
    const cares = this.caresFor(connector)
    if (cares === watched.cared) return
    watched.cared = cares
    this.#options.onChange(connector)
  }
}
