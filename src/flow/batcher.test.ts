import { expect, test } from 'vitest'
import { Batcher } from './batcher.ts'

/** A `send` whose requests the test completes by hand. */
function heldSend() {
  const requests: { items: number[]; done: () => void }[] = []
  const send = (items: number[]) =>
    new Promise<void>((resolve) => requests.push({ items, done: resolve }))
  return { requests, send }
}

const unexpected = (error: Error) => {
  throw error
}
/** Waits for the next iteration of the event loop. */
const turn = () => new Promise((resolve) => setImmediate(resolve))

test('items added in one event loop callback are sent together when it has returned', async () => {
  const { requests, send } = heldSend()
  const batcher = new Batcher({ send, onError: unexpected, maxItems: 10 })
  batcher.add(1)
  batcher.add(2)
  expect(requests).toHaveLength(0)
  await turn()
  expect(requests.map(({ items }) => items)).toEqual([[1, 2]])
  requests[0]?.done()
  await batcher.whenIdle()
})

test('items that arrive during a request are sent together as the next request', async () => {
  const { requests, send } = heldSend()
  const batcher = new Batcher({ send, onError: unexpected, maxItems: 10 })
  batcher.add(1)
  await turn()
  batcher.add(2)
  await turn()
  batcher.add(3)
  await turn()
  expect(requests).toHaveLength(1)
  requests[0]?.done()
  await turn()
  expect(requests.map(({ items }) => items)).toEqual([[1], [2, 3]])
  requests[1]?.done()
  await batcher.whenIdle()
})

test('a request has at most maxItems items, and items keep their order', async () => {
  const { requests, send } = heldSend()
  const batcher = new Batcher({ send, onError: unexpected, maxItems: 2 })
  for (const item of [1, 2, 3, 4, 5]) batcher.add(item)
  for (let i = 0; i < 3; i++) {
    await turn()
    requests[i]?.done()
  }
  await batcher.whenIdle()
  expect(requests.map(({ items }) => items)).toEqual([[1, 2], [3, 4], [5]])
})

test('up to `concurrency` requests run at the same time', async () => {
  const { requests, send } = heldSend()
  const batcher = new Batcher({ send, onError: unexpected, maxItems: 1, concurrency: 2 })
  for (const item of [1, 2, 3]) batcher.add(item)
  await turn()
  expect(requests).toHaveLength(2)
  requests[0]?.done()
  await turn()
  expect(requests).toHaveLength(3)
  for (const request of requests) request.done()
  await batcher.whenIdle()
})

test('a send that fails is reported, and the next batch is still sent', async () => {
  const errors: string[] = []
  const seen: number[][] = []
  const batcher = new Batcher<number>({
    send: async (items) => {
      seen.push(items)
      if (seen.length === 1) throw new Error('away')
    },
    onError: (error) => errors.push(error.message),
    maxItems: 10,
  })
  batcher.add(1)
  await batcher.whenIdle()
  batcher.add(2)
  await batcher.whenIdle()
  expect(errors).toEqual(['away'])
  expect(seen).toEqual([[1], [2]])
})

test('with minIntervalMs, the second request waits until the interval has passed', async () => {
  let nowMs = 0
  const { requests, send } = heldSend()
  const batcher = new Batcher({
    send,
    onError: unexpected,
    maxItems: 10,
    minIntervalMs: 20,
    now: () => nowMs,
  })
  batcher.add(1)
  await turn()
  requests[0]?.done()
  await turn()
  batcher.add(2)
  await turn()
  expect(requests).toHaveLength(1)
  nowMs = 20
  await expect.poll(() => requests.length).toBe(2)
  requests[1]?.done()
  await batcher.whenIdle()
})

test('a request stays within maxOctets unless its only item is larger', async () => {
  const seen: number[][] = []
  const batcher = new Batcher<number>({
    send: async (items) => void seen.push(items),
    onError: unexpected,
    maxItems: 10,
    octetsOf: (item) => item,
    maxOctets: 100,
  })
  for (const octets of [60, 30, 20, 500, 5]) batcher.add(octets)
  await batcher.whenIdle()
  expect(seen).toEqual([[60, 30], [20], [500], [5]])
})
