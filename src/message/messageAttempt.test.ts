import { expect, test } from 'vitest'
import { type MessageId, newMessageId } from './ids.ts'
import type { JournalEvent } from './journalWire.ts'
import { attemptOf, type MessageAttempt, newestPerSlot, slotOf } from './messageAttempt.ts'
import { withRepeat } from './repeats.ts'

const MESSAGE = {
  messageId: newMessageId(),
  account: 'a',
  user: 'u',
  acceptedAtMs: 1,
  attempts: 2,
  body: Buffer.alloc(0),
  registeredDelivery: 0,
}
const EVENT = { message: MESSAGE, connector: 'sim', atMs: 100 }
const NO_COUNTS = { throttled: 0, unanswered: 0, linksLost: 0 }

function attempt(n: number, atMs = n, messageId: MessageId = MESSAGE.messageId): MessageAttempt {
  const times = { firstAtMs: atMs, atMs, dueAtMs: atMs }
  return { messageId, attempt: n, connector: 'sim', commandStatus: 88, ...times, ...NO_COUNTS }
}

test('the first five and the last fifteen of a million attempts are kept', () => {
  const all = Array.from({ length: 1_000_000 }, (_, index) => attempt(index + 1))
  const kept = newestPerSlot(all).map((one) => one.attempt)
  const last = Array.from({ length: 15 }, (_, index) => 999_986 + index)
  expect(kept.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, ...last])
  expect(new Set(all.map(slotOf)).size).toBe(20)
})

test('the newest entry of an attempt is kept, whatever the order of the entries', () => {
  const [early, late] = [attempt(7, 1), attempt(7, 2)]
  expect(newestPerSlot([early, late])).toEqual([late])
  expect(newestPerSlot([late, early])).toEqual([late])
})

test('a final or moved event without repeats reports no unfinished attempt', () => {
  const events: JournalEvent[] = [
    { ...EVENT, kind: 'failed', commandStatus: 11, reason: 'refused' },
    { ...EVENT, kind: 'expired' },
    { ...EVENT, kind: 'moved', from: 'other' },
  ]
  for (const event of events) expect(attemptOf(event)).toBeUndefined()
})

test('the unfinished attempt of a deferred message ended when it was deferred', () => {
  const deferred = { ...EVENT, kind: 'deferred', commandStatus: 20, dueAtMs: 900 } as const
  expect(attemptOf(deferred)).toEqual({
    messageId: MESSAGE.messageId,
    attempt: 3,
    connector: 'sim',
    firstAtMs: 100,
    atMs: 100,
    commandStatus: 20,
    dueAtMs: 900,
    ...NO_COUNTS,
  })
})

test('repeated submissions before the final one are recorded as an unfinished attempt', () => {
  const first = withRepeat(undefined, 'unanswered', { atMs: 50, commandStatus: 0 })
  const repeats = withRepeat(first, 'throttled', { atMs: 70, commandStatus: 88 })
  expect(attemptOf({ ...EVENT, kind: 'expired', repeats })).toMatchObject({
    attempt: 3,
    firstAtMs: 50,
    atMs: 70,
    dueAtMs: 70,
    commandStatus: 88,
    throttled: 1,
    unanswered: 1,
    linksLost: 0,
  })
})
