import { expect, test } from 'vitest'
import type { MessageId } from '../../message/ids.ts'
import { RecentSubmissions } from './recentSubmissions.ts'

function message(number: number, account = 'demo') {
  return {
    // The id is invented.
    messageId: `0192d3a4-0000-7000-8000-${String(number).padStart(12, '0')}` as MessageId,
    account,
    user: 'demo',
    acceptedAtMs: 0,
    attempts: 0,
    body: Buffer.alloc(0),
    registeredDelivery: 1,
  }
}

const receipt = { connector: 'sim', key: '7', destination: '', receivedAtMs: 10_000 }

function submission(number: number, fields: object = {}) {
  return { message: message(number), destination: '31612345678', submittedAtMs: 9_000, ...fields }
}

test('at least half the limit is always remembered, and the limit is never exceeded', () => {
  const recent = new RecentSubmissions(10)
  const isKnown = (number: number) => recent.find({ ...receipt, key: String(number) }) !== undefined
  for (let number = 0; number < 100; number++) {
    recent.remember('sim', String(number), submission(number))
    for (let back = 0; back < 5 && back <= number; back++) expect(isKnown(number - back)).toBe(true)
  }
  expect(Array.from({ length: 100 }, (_, number) => number).filter(isKnown).length).toBeLessThan(11)
})

test('a receipt for an id that the SMSC reused finds the newer message', () => {
  const recent = new RecentSubmissions(2)
  for (const number of [1, 2, 3]) recent.remember('sim', '7', submission(number))
  expect(recent.find(receipt)?.message).toEqual(message(3))
})

test('the newer of two messages is the one written later, not the one answered later', () => {
  const recent = new RecentSubmissions()
  recent.remember('sim', '7', submission(2, { submittedAtMs: 9_000 }))
  recent.remember('sim', '7', submission(1, { submittedAtMs: 8_000 }))
  expect(recent.find(receipt)?.message).toEqual(message(2))
})

test('a receipt with a different connector or destination finds no message', () => {
  const recent = new RecentSubmissions()
  recent.remember('sim', '7', submission(1))
  expect(recent.find({ ...receipt, connector: 'other' })).toBeUndefined()
  expect(recent.find({ ...receipt, destination: '31612345679' })).toBeUndefined()
  expect(recent.find({ ...receipt, destination: '612345678' })?.message).toEqual(message(1))
})

test('a receipt for a reused id finds the message with its destination', () => {
  const recent = new RecentSubmissions()
  recent.remember('sim', '7', submission(1, { destination: '31611111111' }))
  recent.remember('sim', '7', submission(2, { destination: '31622222222' }))
  expect(recent.find({ ...receipt, destination: '31611111111' })?.message).toEqual(message(1))
})

test('a receipt received over five seconds before the submission finds no message', () => {
  const recent = new RecentSubmissions()
  recent.remember('sim', '7', submission(1, { submittedAtMs: 15_001 }))
  expect(recent.find(receipt)).toBeUndefined()
  recent.remember('sim', '7', submission(2, { submittedAtMs: 15_000 }))
  expect(recent.find(receipt)?.message).toEqual(message(2))
})

test('a receipt finds no message if its id is empty or belongs to two accounts', () => {
  const recent = new RecentSubmissions()
  recent.remember('sim', '7', submission(1))
  recent.remember('sim', '7', submission(2, { message: message(2, 'other') }))
  expect(recent.find(receipt)).toBeUndefined()
  recent.remember('sim', '', submission(3))
  expect(recent.find({ ...receipt, key: '' })).toBeUndefined()
})

test('only the newest few messages with the same id are kept', () => {
  const recent = new RecentSubmissions()
  for (let number = 0; number < 20; number++)
    recent.remember('sim', '7', submission(number, { submittedAtMs: number, destination: '' }))
  expect(recent.find({ ...receipt, receivedAtMs: -4_990 })).toBeUndefined()
  expect(recent.find(receipt)?.message).toEqual(message(19))
})
