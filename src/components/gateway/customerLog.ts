// Logs the binds of customers: when a customer binds, when and why a bind ends, and which binds are
// refused. At most ten lines per minute are logged about each user. Further events of the minute
// are summarised in one line.

import type { Logger } from '../../runtime/log.ts'
import { TELL_EVERY_MS, type TroubleLog } from '../../runtime/troubleLog.ts'
import type { CustomerBind } from './bindRegistry.ts'
import type { RevocationReason } from './standingOf.ts'

interface LinesOfUser {
  readonly account: string
  readonly sinceMs: number
  told: number
  untoldBinds: number
  untoldLeaves: number
}

export interface CustomerLogOptions {
  readonly log: Pick<Logger, 'info' | 'warn'>
  readonly trouble: Pick<TroubleLog, 'report'>
  /** Monotonic milliseconds. */
  readonly nowMs?: () => number
}

const LINES_MAX = 10

export class CustomerLog {
  readonly #options: CustomerLogOptions
  readonly #nowMs: () => number
  readonly #users = new Map<string, LinesOfUser>()

  constructor(options: CustomerLogOptions) {
    this.#options = options
    this.#nowMs = options.nowMs ?? (() => performance.now())
  }

  bound(bind: CustomerBind): void {
    const lines = this.#linesOf(bind)
    if (lines.told++ >= LINES_MAX) lines.untoldBinds++
    else this.#options.log.info(fieldsOf(bind), 'customer bound')
  }

  left(bind: CustomerBind, reason: string): void {
    const lines = this.#linesOf(bind)
    if (lines.told++ >= LINES_MAX) lines.untoldLeaves++
    else this.#options.log.info({ ...fieldsOf(bind), reason }, 'customer left')
  }

  revoked(bind: CustomerBind, reason: RevocationReason): void {
    this.#options.log.warn({ ...fieldsOf(bind), reason }, 'bind revoked')
  }

  /** @param systemId the system_id that the peer sent, which may belong to no user */
  refused(systemId: string, remoteAddress: string, reason: string): void {
    const error = Object.assign(new Error(reason), { code: 'BIND_REFUSED' })
    this.#options.trouble.report('bind refused', error, { systemId }, { remoteAddress })
  }

  /** Must be called about once a second. Logs the summary of each user whose minute has ended. */
  tick(nowMs: number): void {
    for (const [user, lines] of this.#users) {
      if (nowMs - lines.sinceMs < TELL_EVERY_MS) continue
      this.#users.delete(user)
      const { account, untoldBinds: binds, untoldLeaves: leaves } = lines
      if (binds + leaves > 0)
        this.#options.log.info(
          { user, account, binds, leaves },
          'further binds of a customer were not logged one by one',
        )
    }
  }

  #linesOf({ user }: CustomerBind): LinesOfUser {
    let lines = this.#users.get(user.id)
    if (!lines) {
      const sinceMs = this.#nowMs()
      lines = { account: user.account, sinceMs, told: 0, untoldBinds: 0, untoldLeaves: 0 }
      this.#users.set(user.id, lines)
    }
    return lines
  }
}

function fieldsOf({ session, user }: CustomerBind) {
  return {
    user: user.id,
    account: user.account,
    command: session.bind?.command,
    remoteAddress: session.remoteAddress,
  }
}
