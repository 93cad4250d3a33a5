import { expect, test } from 'vitest'
import type { CustomerBind } from './bindRegistry.ts'
import { CustomerLog } from './customerLog.ts'

function newLog() {
  const lines: (readonly [text: string, fields: object])[] = []
  const write = (fields: object, text: string) => void lines.push([text, fields])
  let nowMs = 0
  const customerLog = new CustomerLog({
    // This object has only the methods of pino's logger that CustomerLog uses.
    log: { info: write, warn: write } as never,
    trouble: {
      report: (what, error, fields, more) =>
        void lines.push([`${what}: ${error.message}`, { ...fields, ...more }]),
    },
    nowMs: () => nowMs,
  })
  const later = (ms: number): void => customerLog.tick((nowMs += ms))
  return { customerLog, later, lines }
}

const SESSION = { remoteAddress: '10.0.0.1', bind: { command: 'bind_transceiver' } }
// This object has only the fields of a bind that CustomerLog uses.
const BIND = { session: SESSION, user: { id: 'alice', account: 'bank' } } as CustomerBind
const WHO = {
  user: 'alice',
  account: 'bank',
  command: 'bind_transceiver',
  remoteAddress: '10.0.0.1',
}

test('each bind, unbind and revocation logs one line; an end is logged with its reason', () => {
  const { customerLog, lines } = newLog()
  customerLog.bound(BIND)
  customerLog.left(BIND, 'unbound by the peer')
  customerLog.revoked(BIND, 'password_changed')
  expect(lines).toEqual([
    ['customer bound', WHO],
    ['customer left', { ...WHO, reason: 'unbound by the peer' }],
    ['bind revoked', { ...WHO, reason: 'password_changed' }],
  ])
})

test('a customer that rebinds every second gets ten lines per minute and a summary', () => {
  const { customerLog, later, lines } = newLog()
  for (let second = 0; second < 60; second++) {
    customerLog.bound(BIND)
    customerLog.left(BIND, 'unbound by the peer')
    later(1_000)
  }
  expect(lines).toHaveLength(11)
  expect(lines.at(-1)).toEqual([
    'further binds of a customer were not logged one by one',
    { user: 'alice', account: 'bank', binds: 55, leaves: 55 },
  ])
  customerLog.bound(BIND)
  expect(lines.at(-1)?.[0]).toBe('customer bound')
})

test('a refused bind is logged with its system_id and the reason', () => {
  const { customerLog, lines } = newLog()
  customerLog.refused('mallory', '10.0.0.9', 'wrong system_id or password')
  expect(lines).toEqual([
    [
      'bind refused: wrong system_id or password',
      { systemId: 'mallory', remoteAddress: '10.0.0.9' },
    ],
  ])
})
