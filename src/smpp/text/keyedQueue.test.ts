import fc from 'fast-check'
import { expect, test } from 'vitest'
import { KeyedQueue } from './keyedQueue.ts'

test('after any insertions and deletions, the first value is the same as in a Map', () => {
  const step = fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd'), isPush: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const queue = new KeyedQueue<number>()
      const map = new Map<string, number>()
      for (const [value, { key, isPush }] of steps.entries()) {
        if (!isPush) expect(queue.delete(key)).toBe(map.delete(key))
        else if (!map.has(key)) {
          queue.push(key, value)
          map.set(key, value)
        }
        expect(queue.size).toBe(map.size)
        expect(queue.first).toBe([...map.values()][0])
        expect(queue.get(key)).toBe(map.get(key))
      }
      // The remaining values are in the same order.
      for (const [key, value] of map) {
        expect(queue.first).toBe(value)
        queue.delete(key)
      }
      expect(queue.first).toBeUndefined()
    }),
  )
})
