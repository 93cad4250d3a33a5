import { expect, test } from 'vitest'
import type { Pdu } from '../wire/pduTable.ts'
import { RequestWindow } from './requestWindow.ts'

const TIMEOUT_MS = 100
const SUBMIT_SM_RESP = 0x80000004

function responseTo(sequence_number: number): Pdu {
  return { command: 'submit_sm_resp', command_status: 0, sequence_number, message_id: '', tlvs: [] }
}

function add(window: RequestWindow, sentAtMs: number, outcomes: string[]): number {
  const sequence = window.nextSequence()
  window.add(SUBMIT_SM_RESP, sequence, sentAtMs, ({ kind }) => outcomes.push(`${sequence} ${kind}`))
  return sequence
}

test('sequence_number wraps from 0x7FFFFFFF to 1', () => {
  const window = new RequestWindow(10, TIMEOUT_MS, 0x7ffffffe)
  expect(window.nextSequence()).toBe(0x7fffffff)
  window.used(0x7fffffff)
  expect(window.nextSequence()).toBe(1)
})

test('the sequence_number of a pending or timed-out request is not reused', () => {
  const window = new RequestWindow(10, TIMEOUT_MS)
  window.add(SUBMIT_SM_RESP, 1, 10, () => undefined)
  window.add(SUBMIT_SM_RESP, 2, 20, () => undefined)
  window.expire(115)
  expect(window.nextSequence()).toBe(3)
})

test('a response settles its request once, and a response after the timeout is late', () => {
  const outcomes: string[] = []
  const window = new RequestWindow(3, TIMEOUT_MS)
  add(window, 10, outcomes)
  add(window, 20, outcomes)
  expect([window.size, window.free]).toEqual([2, 1])
  window.expire(110)
  window.settle(2, responseTo(2))
  window.settle(1, responseTo(1))
  expect(outcomes).toEqual(['1 timeout', '2 response', '1 late'])
  expect(window.expects(1, SUBMIT_SM_RESP, false)).toBe(false)
  expect(window.expects(2, SUBMIT_SM_RESP, false)).toBe(false)
})

test('late responses are expected only for the last 1,000 timed-out requests', () => {
  const window = new RequestWindow(2000, TIMEOUT_MS)
  for (let count = 0; count < 1500; count++) add(window, 1, [])
  window.expire(102)
  expect(window.expects(500, SUBMIT_SM_RESP, false)).toBe(false)
  expect(window.expects(501, SUBMIT_SM_RESP, false)).toBe(true)
})

test('a request expects only its own response command or generic_nack', () => {
  const window = new RequestWindow(1, TIMEOUT_MS)
  const sequence = add(window, 1, [])
  expect(window.expects(sequence, 0x80000005, false)).toBe(false)
  expect(window.expects(sequence, 0x80000000, true)).toBe(true)
  expect(window.expects(sequence + 1, SUBMIT_SM_RESP, false)).toBe(false)
})
