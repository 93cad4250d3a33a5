// A door for tests: the gateway's SMPP server on a real port, with a platform and a fake router
// that the test controls.

import { onTestFinished } from 'vitest'
import { accountSchema } from '../../platform/account.ts'
import { EMPTY_PLATFORM } from '../../platform/platform.ts'
import type { Platform } from '../../platform/platform.ts'
import { userSchema } from '../../platform/user.ts'
import type { User } from '../../platform/user.ts'
import { ACCEPTED } from '../../routing/routerCallWire.ts'
import { connectSmpp, createSmppServer } from '../../smpp/index.ts'
import type { Session } from '../../smpp/index.ts'
import { TIMERS } from '../../smpp/testing/servedPeer.fixture.ts'
import { BindRegistry } from './bindRegistry.ts'
import { BindRevocation } from './bindRevocation.ts'
import { Credentials } from './credentials.ts'
import { customerSessions } from './customerSessions.ts'
import { Intake } from './intake.ts'
import type { VerdictListener } from './routerClient.ts'

/** Returns a fake hash, because computing an argon2id hash takes 40 ms. */
export function passwordHashOf(password: string): string {
  return `$argon2id$${password}`
}

export function aliceWith(fields: Partial<User> = {}): User {
  const passwordHash = passwordHashOf('secret')
  return userSchema.parse({ id: 'alice', account: 'demo', passwordHash, ...fields })
}

export function platformWith(users: readonly User[], isAccountEnabled?: boolean): Platform {
  const account = accountSchema.parse({ id: 'demo', enabled: isAccountEnabled })
  return {
    ...EMPTY_PLATFORM,
    accounts: new Map([[account.id, account]]),
    users: new Map(users.map((user) => [user.id, user])),
  }
}

interface Door {
  platform: Platform
  /**
   * The verdict listeners of messages that were submitted while `isHolding` was true. The fake
   * router does not call these listeners, so that the test decides when each verdict arrives.
   */
  held: VerdictListener[]
  isHolding: boolean
  /** Called for each message that is submitted to the router. */
  submitting: () => void
  revoked: string[]
  verify: (hash: string, password: string) => Promise<boolean>
}

export async function openDoor({
  closeAfterMs = 60_000,
  onTrouble = (what: string, error: Error): void => {
    throw new Error(what, { cause: error })
  },
} = {}) {
  const door: Door = {
    platform: platformWith([aliceWith()]),
    held: [],
    isHolding: false,
    submitting: () => undefined,
    revoked: [],
    verify: async (hash, password) => hash === passwordHashOf(password),
  }
  const router = {
    submit: (_: unknown, onVerdict: VerdictListener) => {
      door.submitting()
      if (door.isHolding) door.held.push(onVerdict)
      else onVerdict(ACCEPTED)
    },
  }
  const binds = new BindRegistry()
  const revocation = new BindRevocation({
    binds,
    closeAfterMs,
    onRevoked: ({ user }, reason) => door.revoked.push(`${user.id}: ${reason}`),
  })
  const server = createSmppServer({
    events: customerSessions({
      systemId: 'gateway',
      credentials: new Credentials(() => door.platform, {
        verify: (hash, password) => door.verify(hash, password),
      }),
      binds,
      intake: new Intake(router, 100),
      onReceiver: () => undefined,
      customerLog: { bound: () => undefined, left: () => undefined, refused: () => undefined },
      onTrouble,
    }),
    timers: TIMERS,
  })
  const { port } = await server.listen(0, '127.0.0.1')
  onTestFinished(() => server.close({ signal: AbortSignal.abort() }))
  const change = (platform: Platform) => {
    door.platform = platform
    revocation.follow(platform)
  }
  change(door.platform)
  return Object.assign(door, { binds, change, port, server })
}

export interface CustomerAt {
  readonly session: Session
  /** Resolves with the reason when the session has closed. */
  readonly closed: Promise<string>
}

export async function bindTo(port: number, password = 'secret'): Promise<CustomerAt> {
  const { promise: closed, resolve } = Promise.withResolvers<string>()
  const session = await connectSmpp({
    host: '127.0.0.1',
    port,
    command: 'bind_transceiver',
    system_id: 'alice',
    password,
    timers: TIMERS,
    events: { onClosed: (_, reason) => resolve(reason) },
  })
  onTestFinished(() => session.close('the test is over'))
  return { session, closed }
}

/** Sends a submit_sm and resolves with the command_status of its response. */
export async function submitOn(session: Session): Promise<number> {
  const fields = { destination_addr: '31612345678', short_message: Buffer.from('hello') }
  return (await session.send('submit_sm', fields)).command_status
}
