import type { User } from '../../platform/user.ts'
import type { Session } from '../../smpp/index.ts'

/** A customer's bind on this gateway. */
export interface CustomerBind {
  readonly session: Session
  /**
   * The current version of the user. It is replaced if the user changes and the change does not
   * revoke the bind.
   */
  user: User
}

/**
 * The customer binds of this gateway. They are counted by user, to enforce each user's limit of
 * binds, and listed by account, to deliver receipts.
 */
export class BindRegistry {
  #byUser = new Map<string, number>()
  #receivers = new Map<string, CustomerBind[]>()
  #binds = new Map<Session, CustomerBind>()

  get size(): number {
    return this.#binds.size
  }

  [Symbol.iterator](): IterableIterator<CustomerBind> {
    return this.#binds.values()
  }

  get(session: Session): CustomerBind | undefined {
    return this.#binds.get(session)
  }

  /** False if the user already has the maximum number of binds on this gateway. */
  hasRoomFor(user: User): boolean {
    return (this.#byUser.get(user.id) ?? 0) < user.maxBinds
  }

  add(bind: CustomerBind): void {
    const { session, user } = bind
    this.#byUser.set(user.id, (this.#byUser.get(user.id) ?? 0) + 1)
    this.#binds.set(session, bind)
    if (session.canSend('deliver_sm')) {
      const receivers = this.#receivers.get(user.account) ?? []
      this.#receivers.set(user.account, [...receivers, bind])
    }
  }

  /** Removes and returns the bind of this session. Returns undefined if the session has no bind. */
  remove(session: Session): CustomerBind | undefined {
    const bind = this.#binds.get(session)
    if (!bind) return undefined
    this.#binds.delete(session)
    const { account, id } = bind.user
    this.#byUser.set(id, (this.#byUser.get(id) ?? 1) - 1)
    const receivers = (this.#receivers.get(account) ?? []).filter((other) => other !== bind)
    if (receivers.length > 0) this.#receivers.set(account, receivers)
    else this.#receivers.delete(account)
    return bind
  }

  /** The binds that can receive deliver_sm, by account. */
  get receivers(): ReadonlyMap<string, readonly CustomerBind[]> {
    return this.#receivers
  }
}
