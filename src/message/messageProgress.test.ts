import { expect, test } from 'vitest'
import { MESSAGE_STATE } from '../smpp/receipts/messageState.ts'
import { isFinal, RANK_FINAL, RANK_UNCERTAIN, rankOf, wantsReceipt } from './messageProgress.ts'

const { ACCEPTED, DELIVERED, ENROUTE, EXPIRED, UNDELIVERABLE, UNKNOWN } = MESSAGE_STATE

test('interim states rank below UNKNOWN, and UNKNOWN ranks below the other final states', () => {
  expect(rankOf(ENROUTE)).toBeLessThan(rankOf(ACCEPTED))
  expect(rankOf(ACCEPTED)).toBeLessThan(RANK_UNCERTAIN)
  expect(rankOf(UNKNOWN)).toBe(RANK_UNCERTAIN)
  expect(isFinal(UNKNOWN)).toBe(true)
  for (const state of [DELIVERED, EXPIRED, UNDELIVERABLE]) {
    expect(rankOf(state)).toBe(RANK_FINAL)
    expect(isFinal(state)).toBe(true)
  }
  expect(RANK_UNCERTAIN).toBeLessThan(RANK_FINAL)
})

test('registered_delivery selects the states for which the customer gets a receipt', () => {
  const heard = (registeredDelivery: number) =>
    [ACCEPTED, DELIVERED, UNDELIVERABLE].map((state) => wantsReceipt(registeredDelivery, state))
  expect(heard(0)).toEqual([false, false, false])
  expect(heard(1)).toEqual([false, true, true])
  expect(heard(2)).toEqual([false, false, true])
  expect(heard(3)).toEqual([false, true, false])
  expect(heard(0x11)).toEqual([true, true, true])
})
