import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { untilDone } from './untilDone.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Work that fails the given number of times, and a record of the reported errors. */
function failing(times: number) {
  const troubles: string[] = []
  let attempts = 0
  const work = async (): Promise<void> => {
    if (++attempts <= times) throw new Error(`attempt ${attempts}`)
  }
  const onTrouble = (error: Error) => void troubles.push(error.message)
  return { attempts: () => attempts, onTrouble, troubles, work }
}

test('work that succeeds runs once, without a pause', async () => {
  const { attempts, onTrouble, troubles, work } = failing(0)
  expect(await untilDone(work, { onTrouble })).toBe(true)
  expect(attempts()).toBe(1)
  expect(troubles).toEqual([])
})

test('failed work is retried after increasing pauses, and its error is reported once', async () => {
  const { attempts, onTrouble, troubles, work } = failing(9)
  const pausesMs: number[] = []
  const pause = async (ms: number) => void pausesMs.push(ms)
  expect(await untilDone(work, { onTrouble, pause })).toBe(true)
  expect(attempts()).toBe(10)
  expect(troubles).toEqual(['attempt 1'])
  const longestMs = [50, 100, 200, 400, 800, 1600, 2000, 2000, 2000]
  expect(pausesMs).toHaveLength(longestMs.length)
  for (const [index, ms] of pausesMs.entries()) {
    expect(ms).toBeGreaterThanOrEqual((longestMs[index] ?? 0) / 2)
    expect(ms).toBeLessThanOrEqual(longestMs[index] ?? 0)
  }
})

test('each kind of error is reported once', async () => {
  const failures = [new Error('away'), new TypeError('a defect'), new Error('away')]
  const troubles: string[] = []
  const work = async (): Promise<void> => {
    const failure = failures.shift()
    if (failure) throw failure
  }
  const onTrouble = (error: Error) => void troubles.push(error.message)
  await untilDone(work, { onTrouble, pause: async () => undefined })
  expect(troubles).toEqual(['away', 'a defect'])
})

test('an abort ends the pause immediately, and no attempt follows', async () => {
  const { attempts, onTrouble, work } = failing(Number.POSITIVE_INFINITY)
  const abort = new AbortController()
  const done = untilDone(work, { onTrouble, signal: abort.signal })
  await vi.advanceTimersByTimeAsync(10_000)
  const attemptsBefore = attempts()
  expect(attemptsBefore).toBeGreaterThan(5)
  abort.abort()
  expect(await done).toBe(false)
  expect(attempts()).toBe(attemptsBefore)
  expect(vi.getTimerCount()).toBe(0)
})

test('untilDone returns true if work succeeds although the signal was aborted', async () => {
  const abort = new AbortController()
  const work = async () => abort.abort()
  expect(await untilDone(work, { onTrouble: () => undefined, signal: abort.signal })).toBe(true)
})

test('if an attempt fails after an abort, no pause follows', async () => {
  const abort = new AbortController()
  const work = async () => {
    abort.abort()
    throw new Error('away')
  }
  expect(await untilDone(work, { onTrouble: () => undefined, signal: abort.signal })).toBe(false)
  expect(vi.getTimerCount()).toBe(0)
})

test('no attempt is made if the signal is already aborted', async () => {
  const { attempts, onTrouble, work } = failing(0)
  expect(await untilDone(work, { onTrouble, signal: AbortSignal.abort() })).toBe(false)
  expect(attempts()).toBe(0)
})
