import { expect, test } from 'vitest'
import { LANES } from '../../message/lane.ts'
import { startPool } from './connectorPool.fixture.ts'
import { entryOf, envelopeOf, rememberingSmsc } from './connectorWork.fixture.ts'

const PATIENCE = { timeout: 5_000 }

test('the queues of a deleted connector are no longer polled', async () => {
  const { port, sessions } = await rememberingSmsc()
  const { add, counts, held, pool } = startPool([], { port, slots: [1, 2] })
  await expect.poll(() => sessions.size, PATIENCE).toBe(2)
  pool.setConnectors(new Map())
  await expect.poll(() => sessions.size, PATIENCE).toBe(0)
  await expect.poll(() => [...pool.figuresByConnector()], PATIENCE).toEqual([])
  const { looks } = counts
  add(entryOf(envelopeOf(1)))
  // A lane is polled every second and after each publish.
  const atMs = performance.now()
  await expect.poll(() => performance.now() - atMs, PATIENCE).toBeGreaterThan(1_200)
  expect(counts.looks).toBe(looks)
  expect(held.size).toBe(0)
})

test('envelopes in progress return to the queue when their connector is deleted', async () => {
  const entries = LANES.map((lane) => entryOf(envelopeOf(2, lane), { id: lane }))
  const { change, events, held, lease, pool } = startPool(entries, { port: 1, slots: [1] })
  change({ enabled: false })
  lease(1)
  await expect.poll(() => held.size, PATIENCE).toBe(3)
  pool.setConnectors(new Map())
  await expect.poll(() => held.size, PATIENCE).toBe(0)
  expect(events).toEqual([])
})

test('a connector created again while its binds close never has too many binds', async () => {
  const { port, sessions, taken } = await rememberingSmsc()
  const { add, change, lease, pool } = startPool([], { port, slots: [1, 2] })
  await expect.poll(() => sessions.size, PATIENCE).toBe(2)
  await pool.closeSlots('sim', [2])
  pool.setConnectors(new Map())
  change({})
  // The second slot is free and is bound immediately. The first slot is bound in a later round.
  const boundAfterRound = () => {
    lease(10)
    return [...pool.boundByConnector()]
  }
  await expect.poll(boundAfterRound, { timeout: 8_000 }).toEqual([['sim', 2]])
  expect(sessions.size).toBe(2)
  add(entryOf(envelopeOf(3)))
  await expect.poll(() => taken.length, PATIENCE).toBe(3)
})
