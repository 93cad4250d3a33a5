import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { NotificationReceiver } from '../database/notifications.ts'
import { WakeUps } from './wakeUps.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/**
 * Creates WakeUps over a channel that records the topics sent. The test acts as the other
 * processes.
 */
function wakeUpsOver({ failing = false } = {}) {
  const sent: string[][] = []
  const receivers: NotificationReceiver[] = []
  const errors: string[] = []
  let closed = 0
  const channel = {
    send: async (topics: readonly string[]) => {
      if (failing) throw new Error('away')
      sent.push([...topics])
    },
    listen: (receiver: NotificationReceiver) => void receivers.push(receiver),
    close: async () => void closed++,
  }
  const wakeUps = new WakeUps(channel, (error) => void errors.push(error.message))
  const heard: string[] = []
  const listen = (topic: string) => wakeUps.listen(topic, () => void heard.push(topic))
  return { closed: () => closed, errors, heard, listen, receivers, sent, wakeUps }
}

test('local listeners wake immediately, and other processes are notified together', async () => {
  const { heard, listen, sent, wakeUps } = wakeUpsOver()
  listen('a')
  wakeUps.wake(['a', 'b'])
  wakeUps.wake(['a'])
  expect(heard).toEqual(['a', 'a'])
  await vi.advanceTimersByTimeAsync(2)
  expect(sent).toEqual([])
  await vi.advanceTimersByTimeAsync(1)
  expect(sent).toEqual([['a', 'b']])
  wakeUps.wake(['c'])
  await vi.advanceTimersByTimeAsync(3)
  expect(sent).toEqual([['a', 'b'], ['c']])
})

test('a notification wakes the listeners of its topic until they stop listening', () => {
  const { heard, listen, receivers } = wakeUpsOver()
  const stop = listen('a')
  listen('b')
  receivers[0]?.received('a')
  receivers[0]?.received('unknown')
  expect(heard).toEqual(['a'])
  stop()
  receivers[0]?.received('a')
  receivers[0]?.received('b')
  expect(heard).toEqual(['a', 'b'])
})

test('all topics wake when the channel connects, because wake-ups may have been missed', () => {
  const { heard, listen, receivers } = wakeUpsOver()
  listen('a')
  listen('b')
  receivers[0]?.connected()
  expect(heard).toEqual(['a', 'b'])
})

test('the channel is opened once, when the first listener is added', () => {
  const { listen, receivers, wakeUps } = wakeUpsOver()
  wakeUps.wake(['a'])
  expect(receivers).toHaveLength(0)
  listen('a')
  listen('b')
  expect(receivers).toHaveLength(1)
})

test('a notification that cannot be sent is reported, and the next one is attempted', async () => {
  const { errors, wakeUps } = wakeUpsOver({ failing: true })
  wakeUps.wake(['a'])
  await vi.advanceTimersByTimeAsync(3)
  wakeUps.wake(['a'])
  await vi.advanceTimersByTimeAsync(3)
  expect(errors).toEqual(['away', 'away'])
})

test('after close() the channel is closed and nothing is sent', async () => {
  const { closed, sent, wakeUps } = wakeUpsOver()
  wakeUps.wake(['a'])
  await wakeUps.close()
  wakeUps.wake(['b'])
  expect(vi.getTimerCount()).toBe(0)
  await vi.advanceTimersByTimeAsync(10)
  expect(sent).toEqual([])
  expect(closed()).toBe(1)
})
