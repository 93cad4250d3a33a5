// Revocation (invariant 13 in ARCHITECTURE.md): when an operator revokes the access of a user, the
// open binds of that user end. The gateway sees a change of the platform within half a second.
// After each change of users or accounts, every bind is checked against the current version of its
// user. A change that does not revoke access, such as a different window, is applied to the open
// bind. A revoked bind receives no more deliveries, and its messages are refused with a temporary
// error. The gateway sends it unbind, and closes the connection if the peer takes too long to
// answer.

import type { Platform } from '../../platform/platform.ts'
import type { BindRegistry, CustomerBind } from './bindRegistry.ts'
import { type RevocationReason, standingOf } from './standingOf.ts'

export interface BindRevocationOptions {
  readonly binds: BindRegistry
  /**
   * The time between sending unbind and closing the connection. It must be long enough for the
   * router's verdicts on messages of the bind to arrive.
   */
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

  /**
   * Checks all binds after a change of users or accounts. For each bind, the check looks up one
   * user and one account. It never iterates over all users. Other changes cost nothing.
   */
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
    // unbind() never rejects. It only waits for the connection to end.
    void session.unbind().then(() => clearTimeout(closing))
    onRevoked(bind, reason)
  }
}
