import { expect, test } from 'vitest'
import { ESME_RALYBND, ESME_RINVBNDSTS, ESME_ROK, ESME_RTHROTTLED } from '../wire/commandStatus.ts'
import { stateRefusal } from './stateRefusal.ts'

const BOUND = { state: 'BOUND_TRX', isBound: true, isLeaving: false } as const
const LEAVING = { state: 'UNBOUND', isBound: true, isLeaving: true } as const

test('a second bind is told that there is one', () => {
  expect(stateRefusal('bind_receiver', BOUND)).toBe(ESME_RALYBND)
})

test('unbinds that cross are both answered with success', () => {
  expect(stateRefusal('unbind', LEAVING)).toBe(ESME_ROK)
})

test.each(['submit_sm', 'submit_multi', 'data_sm', 'broadcast_sm'] as const)(
  '%s that crosses our unbind is to be tried again',
  (command) => {
    expect(stateRefusal(command, LEAVING)).toBe(ESME_RTHROTTLED)
    expect(stateRefusal(command, { ...LEAVING, isLeaving: false })).toBe(ESME_RINVBNDSTS)
  },
)

test('what brings no message is told that the state is wrong', () => {
  expect(stateRefusal('query_sm', LEAVING)).toBe(ESME_RINVBNDSTS)
  expect(stateRefusal('deliver_sm', BOUND)).toBe(ESME_RINVBNDSTS)
})
