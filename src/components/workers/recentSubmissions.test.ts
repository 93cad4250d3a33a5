import { expect, test } from 'vitest'
import { type MessageId, upstreamId } from '../../message/ids.ts'
import { RecentSubmissions } from './recentSubmissions.ts'

function message(number: number) {
  return {
    // Made up.
    messageId: `0192d3a4-0000-7000-8000-${String(number).padStart(12, '0')}` as MessageId,
    account: 'demo',
    user: 'demo',
    acceptedAtMs: 0,
    attempts: 0,
    body: Buffer.alloc(0),
    registeredDelivery: 1,
  }
}

test('the last half of the bound is always found, and no more than the bound is kept', () => {
  const recent = new RecentSubmissions(10)
  const isKnown = (number: number) =>
    recent.find('sim', upstreamId(String(number)), '') !== undefined
  for (let number = 0; number < 100; number++) {
    recent.remember('sim', upstreamId(String(number)), '316', message(number))
    for (let back = 0; back < 5 && back <= number; back++) expect(isKnown(number - back)).toBe(true)
  }
  expect(Array.from({ length: 100 }, (_, number) => number).filter(isKnown).length).toBeLessThan(11)
})

test('an id that the SMSC uses again is the newer message', () => {
  const recent = new RecentSubmissions(2)
  for (const number of [1, 2, 3]) recent.remember('sim', upstreamId('7'), '316', message(number))
  expect(recent.find('sim', upstreamId('7'), '')).toEqual(message(3))
})

test('a receipt of another connector or destination finds nothing', () => {
  const recent = new RecentSubmissions()
  recent.remember('sim', upstreamId('7'), '316', message(1))
  expect(recent.find('other', upstreamId('7'), '316')).toBeUndefined()
  expect(recent.find('sim', upstreamId('7'), '317')).toBeUndefined()
  expect(recent.find('sim', upstreamId('7'), '316')).toEqual(message(1))
})
