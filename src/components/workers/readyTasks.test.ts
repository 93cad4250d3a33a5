import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ReadyTasks } from './readyTasks.ts'

test('tasks are taken in the order they were added, and a task put back is taken next', () => {
  const action = fc.oneof(
    { weight: 4, arbitrary: fc.record({ add: fc.integer({ min: 1, max: 700 }) }) },
    { weight: 4, arbitrary: fc.record({ take: fc.integer({ min: 1, max: 700 }) }) },
    { weight: 2, arbitrary: fc.constant('putBack' as const) },
    { weight: 1, arbitrary: fc.constant('takeOut' as const) },
    { weight: 1, arbitrary: fc.constant('clear' as const) },
  )
  fc.assert(
    fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
      const ready = new ReadyTasks<number>()
      const model: number[] = []
      let next = 0
      let last: number | undefined
      const take = (): void => {
        last = ready.take()
        expect(last).toBe(model.shift())
      }
      for (const one of actions) {
        if (one === 'clear') {
          ready.clear()
          model.length = 0
        } else if (one === 'takeOut') {
          const isOut = (task: number): boolean => task % 3 === 0
          expect(ready.takeOut(isOut)).toEqual(model.filter(isOut))
          model.splice(0, model.length, ...model.filter((task) => !isOut(task)))
          expect([...ready]).toEqual(model)
        } else if (one === 'putBack') {
          if (last === undefined) continue
          ready.putBack(last)
          model.unshift(last)
        } else if ('add' in one) {
          for (let i = 0; i < one.add; i++, next++) {
            ready.add(next)
            model.push(next)
          }
        } else for (let i = 0; i < one.take; i++) take()
        expect(ready.size).toBe(model.length)
      }
    }),
  )
})
