import { expect, onTestFinished, test } from 'vitest'
import type { Platform } from '../../platform/platform.ts'
import type { User } from '../../platform/user.ts'
import { ACCEPTED } from '../../routing/routerCallWire.ts'
import { ESME_ROK, ESME_RTHROTTLED } from '../../smpp/index.ts'
import { rawClient } from '../../smpp/testing/rawPeer.fixture.ts'
import { bindPdu } from '../../smpp/testing/servedPeer.fixture.ts'
import { BindRegistry } from './bindRegistry.ts'
import { BindRevocation } from './bindRevocation.ts'
import {
  aliceWith,
  bindTo,
  openDoor,
  passwordHashOf,
  platformWith,
  submitOn,
} from './customerDoor.fixture.ts'

const revocations: [reason: string, now: Platform][] = [
  ['user_deleted', platformWith([])],
  ['user_disabled', platformWith([aliceWith({ enabled: false })])],
  ['user_moved', platformWith([aliceWith({ account: 'other' })])],
  ['password_changed', platformWith([aliceWith({ passwordHash: passwordHashOf('new') })])],
  ['account_deleted', { ...platformWith([aliceWith()]), accounts: new Map() }],
  ['account_disabled', platformWith([aliceWith()], false)],
]

test.each(revocations)('%s: open binds end, and new binds are refused', async (reason, now) => {
  const door = await openDoor()
  const [first, second] = [await bindTo(door.port), await bindTo(door.port)]
  expect(await submitOn(first.session)).toBe(ESME_ROK)
  door.change(now)
  expect(door.binds.size).toBe(0)
  expect(door.binds.receivers.size).toBe(0)
  expect(await first.closed).toBe('unbound by the peer')
  expect(await second.closed).toBe('unbound by the peer')
  expect(door.revoked).toEqual([`alice: ${reason}`, `alice: ${reason}`])
  await expect(bindTo(door.port)).rejects.toThrow('ESME_RBINDFAIL')
})

test('a revoked bind gets its pending verdicts, but its new messages are refused', async () => {
  const door = await openDoor()
  const { closed, session } = await bindTo(door.port)
  door.isHolding = true
  const before = submitOn(session)
  await expect.poll(() => door.held.length).toBe(1)
  door.change(platformWith([]))
  expect(await submitOn(session)).toBe(ESME_RTHROTTLED)
  expect(door.held).toHaveLength(1)
  door.held[0]?.(ACCEPTED)
  expect(await before).toBe(ESME_ROK)
  expect(await closed).toBe('unbound by the peer')
})

test('a revoked connection is closed if the peer does not answer unbind', async () => {
  const door = await openDoor({ closeAfterMs: 10 })
  const peer = await rawClient(door.port)
  onTestFinished(() => peer.close())
  peer.send(bindPdu({ system_id: 'alice', password: 'secret' }))
  await peer.pdus(1)
  door.change(platformWith([]))
  await peer.end()
  expect(peer.received.map(({ command }) => command)).toEqual(['bind_transceiver_resp', 'unbind'])
})

test('a change that revokes nothing applies to open binds without closing them', async () => {
  const door = await openDoor()
  const { session } = await bindTo(door.port)
  const changed = aliceWith({ maxBinds: 1, window: 1 })
  door.change(platformWith([changed]))
  expect(door.binds.hasRoomFor(changed)).toBe(false)
  door.isHolding = true
  const inWindow = submitOn(session)
  expect(await submitOn(session)).toBe(ESME_RTHROTTLED)
  door.held[0]?.(ACCEPTED)
  expect(await inWindow).toBe(ESME_ROK)
  expect(session.state).toBe('BOUND_TRX')
  expect(door.revoked).toEqual([])
})

test('a bind is refused if it is revoked while its password is checked', async () => {
  const door = await openDoor()
  const { promise: verified, resolve } = Promise.withResolvers<boolean>()
  const { promise: asked, resolve: onAsked } = Promise.withResolvers<void>()
  door.verify = () => {
    onAsked()
    return verified
  }
  const binding = bindTo(door.port).catch((error: Error) => error.message)
  await asked
  door.change(platformWith([aliceWith({ passwordHash: passwordHashOf('new') })]))
  resolve(true)
  expect(await binding).toContain('ESME_RBINDFAIL')
  expect(door.binds.size).toBe(0)
})

/** A map of users that counts look-ups and throws when it is iterated. */
class WatchedUsers extends Map<string, User> {
  lookUps = 0

  override get(id: string): User | undefined {
    this.lookUps++
    return super.get(id)
  }

  override [Symbol.iterator](): never {
    throw new Error('iterating over all users is not allowed')
  }

  override forEach = this[Symbol.iterator]
  override values = this[Symbol.iterator]
  override keys = this[Symbol.iterator]
  override entries = this[Symbol.iterator]
}

test('a change of users costs one look-up per bind, and other changes cost none', async () => {
  const door = await openDoor()
  await bindTo(door.port)
  const users = new WatchedUsers()
  users.set('alice', aliceWith())
  const platform = { ...door.platform, users }
  door.change(platform)
  expect(users.lookUps).toBe(1)
  door.change({ ...platform, revision: 2, connectors: new Map() })
  expect(users.lookUps).toBe(1)
})

test('if there are no binds, no user is looked up', () => {
  const binds = new BindRegistry()
  const users = new WatchedUsers()
  const onRevoked = () => expect.unreachable()
  new BindRevocation({ binds, closeAfterMs: 1, onRevoked }).follow({ accounts: new Map(), users })
  expect(users.lookUps).toBe(0)
})
