import { expect, test } from 'vitest'
import { entryOf, envelopeOf, memoryQueues, startWork } from './connectorWork.fixture.ts'
import { rememberingSmsc } from './connectorWork.fixture.ts'
import { returningQueues } from './returningQueues.fixture.ts'
import { slowSmsc } from './smsc.fixture.ts'

const PATIENCE = { timeout: 5_000 }

test('a paused connector releases its messages, submits none and keeps its bind', async () => {
  const { port, sessions, taken } = await rememberingSmsc()
  const { add, queue, settled } = memoryQueues([entryOf(envelopeOf(30))])
  const { bind, change } = startWork(port, { queue, tps: 20 })
  await expect.poll(() => taken.length, PATIENCE).toBeGreaterThan(0)
  change({ paused: true })
  await expect.poll(() => settled, PATIENCE).toEqual([['1', 'retry']])
  const before = taken.length
  expect(before).toBeLessThan(30)
  const waiting = entryOf(envelopeOf(5), { id: '2' })
  add(waiting)
  // At this pace, the next message would be sent within a second of the last one.
  const { atMs = 0 } = taken.at(-1) ?? {}
  await expect.poll(() => performance.now(), PATIENCE).toBeGreaterThan(atMs + 1_200)
  expect(taken).toHaveLength(before)
  expect(bind.bound).toBe(true)
  expect(sessions.size).toBe(1)

  change({ paused: false })
  await expect
    .poll(() => settled, PATIENCE)
    .toEqual([
      ['1', 'retry'],
      ['2', 'done'],
    ])
  expect(taken).toHaveLength(before + 5)
})

test('an envelope is returned only after all answers to its messages have arrived', async () => {
  const { port, taken } = await slowSmsc(700)
  const envelopes = Array.from({ length: 40 }, (_, index) =>
    entryOf(envelopeOf(5, 'normal', `316${1000 + index}`), { id: String(index) }),
  )
  const { counts, queue } = returningQueues(envelopes, 500)
  const caresFor = () => true
  const { change, events, work } = startWork(port, { queue, tps: 40, window: 200, caresFor })
  await expect.poll(() => taken.length, PATIENCE).toBeGreaterThan(15)
  change({ paused: true })
  // Meanwhile, the lane exchanges all its other envelopes with the queue.
  await expect.poll(() => counts.returned, PATIENCE).toBeGreaterThan(32)
  change({ paused: false, tps: 1000 })
  await expect.poll(() => new Set(taken).size, { timeout: 10_000 }).toBe(200)
  expect(taken).toHaveLength(200)
  await expect.poll(() => events.length, PATIENCE).toBe(200)
  expect(work.figures.outcomes.submitted).toBe(200)
}, 20_000)
