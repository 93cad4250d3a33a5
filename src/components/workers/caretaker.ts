// Looks after the messages of connectors that no process has bound, so that each expires at its end
// and not when the SMSC returns. One process does it for a connector: the one that holds its first
// slot. There its lanes receive a few envelopes although nothing can be sent (submitLane.ts), and
// what they hold goes first when a bind is up again. Nothing here decides whether a message may be
// sent, so two caretakers by mistake would do no harm.

import { asError } from '../../flow/asError.ts'
import type { BoundState } from '../../cluster/boundConnectorTable.ts'

export interface CaretakerOptions {
  /** Tells the other processes which binds of this one are up. */
  tellBound: (state: BoundState) => Promise<void>
  isBoundElsewhere: (connector: string) => Promise<boolean>
  /** Called when it begins or ends to care for a connector. */
  onChange: (connector: string) => void
  onTrouble: (what: string, error: Error) => void
  now?: () => number
}

/** What a round of leasing found. */
export interface LeaseRound {
  slots: readonly number[]
  /** The end of their leases (monotonic ms). */
  heldUntilMs: number
  /** Those whose bind is up. */
  boundSlots: readonly number[]
}

interface Watched extends LeaseRound {
  unboundSinceMs: number | undefined
  isUnboundElsewhere: boolean
  /** What the other processes know: slots 1 and 2, and of them 2 bound, is `1,2 2`. */
  told: string
  isLooking: boolean
  cared: boolean
}

/** Whoever holds this slot cares for the connector. */
export const CARETAKERS_SLOT = 1
/** A link that comes back within this time needs no care. */
const UNBOUND_MS = 5_000

export class Caretaker {
  #options: CaretakerOptions
  #now: () => number
  #watched = new Map<string, Watched>()

  constructor(options: CaretakerOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
  }

  /** Whether this process looks after the connector's messages now. */
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

  /** Called after each round of leasing, also while the look of an earlier one waits. */
  async look(connector: string, round: LeaseRound): Promise<void> {
    const watched = this.#update(connector, round)
    if (watched.isLooking) return
    watched.isLooking = true
    try {
      await this.#tell(connector, watched)
      // A process that is bound, or without the first slot, need not ask.
      if (watched.boundSlots.length === 0 && watched.slots.includes(CARETAKERS_SLOT))
        watched.isUnboundElsewhere = !(await this.#options.isBoundElsewhere(connector))
    } catch (error) {
      this.#options.onTrouble(`asking who has ${connector} bound`, asError(error))
    } finally {
      watched.isLooking = false
    }
    this.#report(connector, watched)
  }

  /** These slots are being given up. */
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
    // The leases were lost meanwhile: rows made since then say nothing yet.
    if (slots.length === 0 || this.#now() >= (before?.heldUntilMs ?? 0)) known.told = ''
    // In place: a look that is under way goes on with what this round found.
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
