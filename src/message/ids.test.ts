import { expect, test } from 'vitest'
import {
  bindId,
  firstIdAt,
  firstIdOfDay,
  firstIdOfNextDay,
  newMessageId,
  parseMessageId,
  timeOf,
  upstreamId,
} from './ids.ts'

test('a message id contains the time at which it was created', () => {
  const beforeMs = Date.now()
  const atMs = timeOf(newMessageId())
  expect(atMs).toBeGreaterThanOrEqual(beforeMs)
  expect(atMs).toBeLessThanOrEqual(Date.now())
})

test('parseMessageId accepts a UUIDv7 in any case and rejects all other text', () => {
  const id = newMessageId()
  expect(parseMessageId(id.toUpperCase())).toBe(id)
  for (const bad of ['', '5946923692', id.slice(1), `${id}0`, `${id.slice(0, 14)}4${id.slice(15)}`])
    expect(parseMessageId(bad)).toBeUndefined()
})

test('a bind id consists of its connector and slot', () => {
  expect(bindId('sim', 2)).toBe('sim/2')
})

test('a message id from an SMSC is cut at the first NUL and at 64 characters', () => {
  expect(upstreamId('0A1B')).toBe('0A1B')
  expect(upstreamId('0A1B\0\0x')).toBe('0A1B')
  expect(upstreamId('7'.repeat(5_000))).toBe('7'.repeat(64))
  expect(upstreamId(`${'7'.repeat(63)}\0${'8'.repeat(63)}`)).toBe('7'.repeat(63))
})

test('the ids of one day end where the ids of the next day begin', () => {
  const noon = firstIdAt(Date.UTC(2026, 11, 1, 12))
  expect(timeOf(firstIdOfDay(noon))).toBe(Date.UTC(2026, 11, 1))
  expect(timeOf(firstIdOfNextDay(noon))).toBe(Date.UTC(2026, 11, 2))
  expect(firstIdOfDay(firstIdOfNextDay(noon))).toBe(firstIdOfNextDay(noon))
})
