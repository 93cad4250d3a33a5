import { expect, test } from 'vitest'
import { MESSAGE_STATE } from './messageState.ts'
import { RANK_FINAL, RANK_UNCERTAIN, rankOf } from './stateRank.ts'

const { ACCEPTED, DELIVERED, ENROUTE, EXPIRED, SCHEDULED, SKIPPED, UNDELIVERABLE, UNKNOWN } =
  MESSAGE_STATE

test('interim states rank below UNKNOWN, and UNKNOWN ranks below final states', () => {
  expect(rankOf(SCHEDULED)).toBeLessThan(rankOf(ENROUTE))
  expect(rankOf(ENROUTE)).toBeLessThan(rankOf(ACCEPTED))
  expect(rankOf(ACCEPTED)).toBeLessThan(RANK_UNCERTAIN)
  expect(rankOf(UNKNOWN)).toBe(RANK_UNCERTAIN)
  expect(RANK_UNCERTAIN).toBeLessThan(RANK_FINAL)
  for (const state of [DELIVERED, EXPIRED, UNDELIVERABLE, SKIPPED])
    expect(rankOf(state)).toBe(RANK_FINAL)
})
