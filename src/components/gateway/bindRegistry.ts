import type { User } from '../../platform/user.ts'
import type { Session } from '../../smpp/index.ts'

/** A customer's bind on this gateway. */
export interface CustomerBind {
  readonly session: Session
  /** As the platform has it now: changes that revoke nothing apply to open binds. */
  user: User
}

/**
 * Which customers are bound here: counted by user for the limit, listed by account for receipts.
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

  /** False when the user has all the binds it may have on this gateway. */
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

  /** Returns the bind, unless it is listed no more. */
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

  /** Binds that take deliver_sm, by account. */
  get receivers(): ReadonlyMap<string, readonly CustomerBind[]> {
    return this.#receivers
  }
}
