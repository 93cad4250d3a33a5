import { expect, test } from 'vitest'
import { userSchema } from '../../platform/user.ts'
import type { Session } from '../../smpp/index.ts'
import { BindRegistry } from './bindRegistry.ts'

const user = userSchema.parse({ id: 'u', account: 'demo', password: 'x', maxBinds: 2 })

/** As much of a session as the registry looks at. */
function session(receives: boolean): Session {
  // A whole session needs a socket; the registry only asks this one thing.
  return { canSend: () => receives } as unknown as Session
}

test('a user has room until all its binds are taken, and again after one left', () => {
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

test('only binds that take deliver_sm are listed as receivers', () => {
  const binds = new BindRegistry()
  const receiver = session(true)
  binds.add({ session: session(false), user })
  binds.add({ session: receiver, user })
  expect(binds.receivers.get('demo')?.map((bind) => bind.session)).toEqual([receiver])
  binds.remove(receiver)
  expect(binds.receivers.has('demo')).toBe(false)
})
