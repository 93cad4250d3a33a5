// Revocation (invariant 13): what an operator takes from a customer ends on open binds too. The
// component follows the platform within half a second. At each change of users or accounts, every
// bind is compared with its user as it is now. A change that takes nothing away, such as another
// window, applies to the open bind. A revoked bind gets no more deliveries, and its submits are
// refused as temporary; it is unbound, and closed if that takes too long.

import type { Platform } from '../../platform/platform.ts'
import type { BindRegistry, CustomerBind } from './bindRegistry.ts'
import { type RevocationReason, standingOf } from './standingOf.ts'

export interface BindRevocationOptions {
  readonly binds: BindRegistry
  /** From unbinding to closing: long enough for the verdicts that the customer still waits for. */
  readonly closeAfterMs: number
  onRevoked(bind: CustomerBind, reason: RevocationReason): void
}

export class BindRevocation {
  readonly #options: BindRevocationOptions
  #users: Platform['users'] | undefined
  #accounts: Platform['accounts'] | undefined

  constructor(options: BindRevocationOptions) {
    this.#options = options
  }

  /** Walks the binds, never the users: two look-ups per bind, and nothing for other changes. */
  follow({ accounts, users }: Pick<Platform, 'accounts' | 'users'>): void {
    if (users === this.#users && accounts === this.#accounts) return
    this.#users = users
    this.#accounts = accounts
    for (const bind of this.#options.binds) {
      const standing = standingOf(bind.user, { accounts, users })
      if (standing.kind === 'good') bind.user = standing.user
      else this.#revoke(bind, standing.reason)
    }
  }

  #revoke(bind: CustomerBind, reason: RevocationReason): void {
    const { binds, closeAfterMs, onRevoked } = this.#options
    const { session } = bind
    binds.remove(session)
    const closing = setTimeout(() => session.close(`revoked: ${reason}`), closeAfterMs)
    // It never rejects: it only waits for the connection to end.
    void session.unbind().then(() => clearTimeout(closing))
    onRevoked(bind, reason)
  }
}
