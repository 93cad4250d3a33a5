import { expect, test } from 'vitest'
import { FairTurns } from './fairTurns.ts'

/**
 * Returns `take`, which adds a task for a party. The test ends each task by calling its function in
 * `ends`. These functions are in the order in which the tasks started.
 */
function workshop(atOnce: number) {
  const turns = new FairTurns(atOnce)
  const begun: string[] = []
  const ends: (() => void)[] = []
  const piece = (name: string) => () => {
    begun.push(name)
    return new Promise<string>((resolve) => ends.push(() => resolve(name)))
  }
  const take = (party: string, name: string, isWanted?: () => boolean) =>
    turns.take(party, piece(name), isWanted)
  return { turns, begun, ends, take }
}

test('at most the given number of tasks run at the same time', async () => {
  const { begun, ends, take, turns } = workshop(2)
  const results = ['a', 'b', 'c'].map((name) => take('one', name))
  expect(begun).toEqual(['a', 'b'])
  expect(turns.waiting).toBe(1)
  ends[0]?.()
  expect(await results[0]).toBe('a')
  await expect.poll(() => begun).toEqual(['a', 'b', 'c'])
  ends[1]?.()
  ends[2]?.()
  expect(await Promise.all(results)).toEqual(['a', 'b', 'c'])
})

test('a party with many tasks delays another party by only one task', async () => {
  const { begun, ends, take } = workshop(1)
  for (let index = 0; index < 100; index++) void take('noisy', `noisy ${index}`)
  void take('quiet', 'quiet')
  for (const turn of [0, 1, 2]) {
    ends[turn]?.()
    await expect.poll(() => begun.length).toBe(turn + 2)
  }
  expect(begun).toEqual(['noisy 0', 'noisy 1', 'quiet', 'noisy 2'])
})

test('a task that is no longer wanted is skipped', async () => {
  const { begun, ends, take } = workshop(1)
  let isWanted = true
  const [, left, last] = [take('a', 'first'), take('a', 'left', () => isWanted), take('b', 'last')]
  isWanted = false
  ends[0]?.()
  await expect.poll(() => begun).toEqual(['first', 'last'])
  expect(await left).toBeUndefined()
  ends[1]?.()
  expect(await last).toBe('last')
})

test('tasks that are no longer wanted use bounded memory', async () => {
  const { take, turns } = workshop(1)
  void take('a', 'stays in work')
  for (let index = 0; index < 2_500; index++) void take('a', 'gone', () => false)
  expect(turns.waiting).toBeLessThanOrEqual(1_000)
  void take('a', 'wanted')
  expect(turns.waiting).toBeGreaterThan(0)
})

test('a task that fails rejects only its own promise', async () => {
  const turns = new FairTurns(1)
  const failing = turns.take('a', () => Promise.reject(new Error('broken')))
  const working = turns.take('a', async () => 'fine')
  await expect(failing).rejects.toThrow('broken')
  expect(await working).toBe('fine')
})
