import { expect, test } from 'vitest'
import { rendezvous } from './rendezvous.ts'

const KEYS = Array.from({ length: 3000 }, (_, index) => `account-${index}`)

test('without members the result is undefined', () => {
  expect(rendezvous('demo', [])).toBeUndefined()
})

test('the choice does not depend on the order of the members', () => {
  for (const key of KEYS)
    expect(rendezvous(key, ['a', 'b', 'c'])).toBe(rendezvous(key, ['c', 'a', 'b']))
})

test('keys are distributed evenly, and if a member leaves, only its own keys move', () => {
  const before = KEYS.map((key) => rendezvous(key, ['a', 'b', 'c']))
  for (const member of ['a', 'b', 'c']) {
    const share = before.filter((chosen) => chosen === member).length / KEYS.length
    expect(share).toBeGreaterThan(0.28)
    expect(share).toBeLessThan(0.39)
  }
  KEYS.forEach((key, index) => {
    if (before[index] !== 'c') expect(rendezvous(key, ['a', 'b'])).toBe(before[index])
  })
})
