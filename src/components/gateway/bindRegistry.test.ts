import { expect, test } from 'vitest'
import { userSchema } from '../../platform/user.ts'
import type { Session } from '../../smpp/index.ts'
import { BindRegistry } from './bindRegistry.ts'

const user = userSchema.parse({ id: 'u', account: 'demo', password: 'x', maxBinds: 2 })

/** A fake session that has only canSend(). */
function session(receives: boolean): Session {
  // A complete session needs a socket, and the registry calls only canSend().
  return { canSend: () => receives } as unknown as Session
}

test('hasRoomFor() is true while a user has fewer binds than maxBinds', () => {
  const binds = new BindRegistry()
  const first = session(true)
  binds.add({ session: first, user })
  expect(binds.hasRoomFor(user)).toBe(true)
  binds.add({ session: session(true), user })
  expect(binds.hasRoomFor(user)).toBe(false)
  binds.remove(first)
  binds.remove(first)
  expect(binds.hasRoomFor(user)).toBe(true)
  expect(binds.size).toBe(1)
})

test('only binds that can receive deliver_sm are listed as receivers', () => {
  const binds = new BindRegistry()
  const receiver = session(true)
  binds.add({ session: session(false), user })
  binds.add({ session: receiver, user })
  expect(binds.receivers.get('demo')?.map((bind) => bind.session)).toEqual([receiver])
  binds.remove(receiver)
  expect(binds.receivers.has('demo')).toBe(false)
})
