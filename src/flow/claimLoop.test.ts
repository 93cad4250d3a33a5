import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ClaimLoop, type ClaimTimes } from './claimLoop.ts'

interface Item {
  readonly id: string
}

const POLL_MS = 1000

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** An in-memory source of items, a loop that claims from it, and a record of the loop's calls. */
function place(times: Partial<ClaimTimes> = {}) {
  const waiting: string[] = []
  const claims: string[][] = []
  const reclaims: string[][] = []
  const taken: string[] = []
  const troubles: string[] = []
  const state = { room: 2, failing: '' }
  const loop = new ClaimLoop<number, Item>(
    {
      room: () => (state.room > 0 ? state.room : undefined),
      claim: async (room) => {
        const ids = state.failing === '' ? waiting.splice(0, room) : []
        claims.push(ids)
        if (state.failing === 'claim') throw new Error('away')
        return ids.map((id) => ({ id }))
      },
      mayHaveLeft: (room, items) => items.length === room,
      reclaim: async (inHand) => {
        if (state.failing === 'reclaim') throw new Error('away')
        reclaims.push(inHand.map(({ id }) => id))
      },
      take: (items) => void taken.push(...items.map(({ id }) => id)),
      onTrouble: (error) => void troubles.push(error.message),
    },
    { pollIntervalMs: POLL_MS, pauseAfterFailureMs: (failures) => 10 * failures, ...times },
  )
  return { claims, loop, reclaims, state, taken, troubles, waiting }
}

/** Lets claims in progress end without advancing the clock. */
const settled = () => vi.advanceTimersByTimeAsync(0)

test('after a wake-up, claims are repeated until a claim leaves no items behind', async () => {
  const { claims, loop, taken, waiting } = place()
  waiting.push('a', 'b', 'c')
  await settled()
  expect(claims).toEqual([])
  loop.wake()
  await settled()
  expect(claims).toEqual([['a', 'b'], ['c']])
  expect(taken).toEqual(['a', 'b', 'c'])
  waiting.push('d')
  loop.wake()
  await settled()
  expect(claims).toHaveLength(2)
  loop.expectMore()
  await settled()
  expect(claims).toEqual([['a', 'b'], ['c'], ['d']])
  loop.stop()
})

test('items that arrive during a claim are claimed immediately afterwards', async () => {
  const { claims, loop } = place()
  loop.wake()
  loop.expectMore()
  loop.expectMore()
  await settled()
  expect(claims).toEqual([[], []])
  loop.stop()
})

test('if there is no room, no claim is made until a wake-up or a poll finds room', async () => {
  const { claims, loop, state, waiting } = place()
  state.room = 0
  waiting.push('a', 'b')
  loop.wake()
  loop.expectMore()
  await vi.advanceTimersByTimeAsync(POLL_MS * 1.5)
  expect(claims).toEqual([])
  state.room = 1
  await vi.advanceTimersByTimeAsync(POLL_MS / 2)
  expect(claims).toEqual([['a'], ['b'], []])
  state.room = 0
  waiting.push('c')
  loop.expectMore()
  await settled()
  expect(claims).toHaveLength(3)
  state.room = 1
  loop.wake()
  await settled()
  expect(claims).toEqual([['a'], ['b'], [], ['c'], []])
  loop.stop()
})

test('a poll claims items that arrived without a wake-up', async () => {
  const { loop, taken, waiting } = place()
  loop.wake()
  await settled()
  waiting.push('a')
  await vi.advanceTimersByTimeAsync(POLL_MS - 1)
  expect(taken).toEqual([])
  await vi.advanceTimersByTimeAsync(1)
  expect(taken).toEqual(['a'])
  loop.stop()
})

test('unused leases are returned before the first claim and after a failed claim', async () => {
  const { loop, reclaims, state, waiting } = place()
  waiting.push('a')
  loop.wake()
  await settled()
  expect(reclaims).toEqual([[]])
  loop.expectMore()
  await settled()
  expect(reclaims).toEqual([[]])
  state.failing = 'claim'
  loop.expectMore()
  await settled()
  state.failing = ''
  await vi.advanceTimersByTimeAsync(10)
  expect(reclaims).toEqual([[], ['a']])
  loop.stop()
})

test('if an item in progress is claimed again, it is not processed twice', async () => {
  const { loop, reclaims, taken, waiting } = place()
  waiting.push('a')
  loop.wake()
  await settled()
  waiting.push('a')
  loop.expectMore()
  await settled()
  expect(taken).toEqual(['a'])
  loop.letGo([{ id: 'a' }])
  waiting.push('a')
  loop.expectMore()
  await settled()
  expect(reclaims).toEqual([[], []])
  expect(taken).toEqual(['a', 'a'])
  loop.stop()
})

test('the second lease of an item is returned only after the item is released', async () => {
  const { loop, reclaims, waiting } = place()
  waiting.push('a')
  loop.wake()
  await settled()
  waiting.push('a')
  loop.expectMore()
  await settled()
  // The item is still in progress, so this claim must not give up the second lease.
  loop.expectMore()
  await settled()
  loop.letGo([{ id: 'a' }])
  loop.wake()
  await settled()
  expect(reclaims.at(-1)).toEqual([])
  expect(reclaims.length).toBeGreaterThan(1)
  loop.stop()
})

test('the pause grows with each failed claim, and an outage is reported once', async () => {
  const { claims, loop, state, troubles } = place()
  state.failing = 'claim'
  loop.wake()
  await settled()
  expect(claims).toHaveLength(1)
  loop.wake()
  await vi.advanceTimersByTimeAsync(9)
  expect(claims).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(1)
  expect(claims).toHaveLength(2)
  await vi.advanceTimersByTimeAsync(19)
  expect(claims).toHaveLength(2)
  await vi.advanceTimersByTimeAsync(1)
  expect(claims).toHaveLength(3)
  expect(troubles).toEqual(['away'])
  state.failing = ''
  await vi.advanceTimersByTimeAsync(30)
  state.failing = 'claim'
  loop.expectMore()
  await settled()
  expect(troubles).toEqual(['away', 'away'])
  loop.stop()
})

test('a failure to return unused leases counts as a failed claim', async () => {
  const { claims, loop, reclaims, state, troubles } = place()
  state.failing = 'reclaim'
  loop.wake()
  await settled()
  expect(claims).toEqual([])
  expect(troubles).toEqual(['away'])
  state.failing = ''
  await vi.advanceTimersByTimeAsync(10)
  expect(reclaims).toEqual([[]])
  expect(claims).toEqual([[]])
  loop.stop()
})

test('minIntervalMs separates claims unless the last claim left items behind', async () => {
  const { claims, loop, waiting } = place({ minIntervalMs: 250 })
  loop.wake()
  await settled()
  waiting.push('a', 'b', 'c')
  loop.expectMore()
  await vi.advanceTimersByTimeAsync(249)
  expect(claims).toEqual([[]])
  await vi.advanceTimersByTimeAsync(1)
  expect(claims).toEqual([[], ['a', 'b'], ['c']])
  loop.stop()
})

test('after stop() no claim starts, but items of a claim in progress are taken', async () => {
  const { claims, loop, taken, waiting } = place({ minIntervalMs: 250 })
  waiting.push('a', 'b', 'c')
  loop.wake()
  loop.stop()
  await settled()
  expect(taken).toEqual(['a', 'b'])
  loop.expectMore()
  await vi.advanceTimersByTimeAsync(POLL_MS * 2)
  expect(claims).toEqual([['a', 'b']])
  expect(vi.getTimerCount()).toBe(0)
})

test('drain() resolves when all items in progress are released', async () => {
  const { loop, waiting } = place()
  waiting.push('a', 'b')
  loop.wake()
  await settled()
  expect(loop.inHand).toEqual([{ id: 'a' }, { id: 'b' }])
  let drained = false
  const draining = loop.drain().then(() => (drained = true))
  loop.letGo([{ id: 'a' }])
  await settled()
  expect(drained).toBe(false)
  loop.letGo([{ id: 'b' }])
  await draining
  expect(loop.inHand).toEqual([])
})

test('drain() waits for a claim in progress and for the items that it claims', async () => {
  const { loop, taken, waiting } = place()
  waiting.push('a')
  loop.wake()
  let drained = false
  const draining = loop.drain().then(() => (drained = true))
  await settled()
  expect(taken).toEqual(['a'])
  expect(drained).toBe(false)
  loop.letGo([{ id: 'a' }])
  await draining
})

test('drain() resolves after a claim that fails or claims nothing', async () => {
  for (const failing of ['', 'claim']) {
    const { loop, state } = place()
    state.failing = failing
    loop.wake()
    await loop.drain()
    expect(vi.getTimerCount()).toBe(0)
  }
})

test('after a claim that waits, the next one follows when the interval has passed', async () => {
  const { claims, loop, waiting } = place({ claimsWait: true, minIntervalMs: 50 })
  waiting.push('a')
  loop.wake()
  await settled()
  waiting.push('b')
  expect(claims).toEqual([['a']])
  await vi.advanceTimersByTimeAsync(49)
  expect(claims).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(1)
  expect(claims).toEqual([['a'], ['b']])
  loop.stop()
})
