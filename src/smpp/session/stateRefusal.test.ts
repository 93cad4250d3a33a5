import { expect, test } from 'vitest'
import { ESME_RALYBND, ESME_RINVBNDSTS, ESME_ROK, ESME_RTHROTTLED } from '../wire/commandStatus.ts'
import { stateRefusal } from './stateRefusal.ts'

const BOUND = { state: 'BOUND_TRX', isBound: true, isLeaving: false } as const
const LEAVING = { state: 'UNBOUND', isBound: true, isLeaving: true } as const

test('a second bind request is answered with ESME_RALYBND', () => {
  expect(stateRefusal('bind_receiver', BOUND)).toBe(ESME_RALYBND)
})

test('an unbind that crosses our unbind is answered with ESME_ROK', () => {
  expect(stateRefusal('unbind', LEAVING)).toBe(ESME_ROK)
})

test.each(['submit_sm', 'submit_multi', 'data_sm', 'broadcast_sm'] as const)(
  'a %s that crosses our unbind is answered with a temporary error',
  (command) => {
    expect(stateRefusal(command, LEAVING)).toBe(ESME_RTHROTTLED)
    expect(stateRefusal(command, { ...LEAVING, isLeaving: false })).toBe(ESME_RINVBNDSTS)
  },
)

test('any other request in the wrong state is answered with ESME_RINVBNDSTS', () => {
  expect(stateRefusal('query_sm', LEAVING)).toBe(ESME_RINVBNDSTS)
  expect(stateRefusal('deliver_sm', BOUND)).toBe(ESME_RINVBNDSTS)
})
