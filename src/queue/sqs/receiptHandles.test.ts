import { expect, test } from 'vitest'
import { ReceiptHandles } from './receiptHandles.ts'

const HOUR_MS = 60 * 60_000

test('a message that is received again has the newest handle for all who hold it', () => {
  const handles = new ReceiptHandles(() => 0)
  handles.received('a', 'first', 1_000)
  const held = handles.of('a')
  if (held) Object.assign(held, { isLost: true, isSettled: true, isSetAside: true })
  handles.received('a', 'second', 1_000)
  expect(held).toMatchObject({ handle: 'second', isLost: false, isSettled: false })
  expect(held?.isSetAside).toBe(true)
  handles.forget('a')
  expect(handles.of('a')).toBeUndefined()
})

test('a handle is forgotten an hour after its lease, unless the lease was extended', () => {
  let nowMs = 0
  const handles = new ReceiptHandles(() => nowMs)
  handles.received('a', '1', 1_000)
  handles.received('b', '2', 1_000)
  nowMs = 500
  handles.extended('a', HOUR_MS)
  handles.extended('c', HOUR_MS)
  nowMs = 1_000 + HOUR_MS
  handles.received('d', '3', 1_000)
  expect(handles.of('a')?.handle).toBe('1')
  expect(handles.of('b')).toBeUndefined()
  expect(handles.size).toBe(2)
})
