// Messages that are in flight when their connector is disabled and its waiting messages are purged
// or moved.

import { expect, test } from 'vitest'
import type { Connector } from '../../platform/connector.ts'
import { startPool } from './connectorPool.fixture.ts'
import { entryOf, envelopeOf } from './connectorWork.fixture.ts'
import { slowSmsc } from './smsc.fixture.ts'

const PATIENCE = { timeout: 8_000 }

test.each<{ waiting: Connector['waiting']; end: string }>([
  { waiting: 'purge', end: 'failed' },
  { waiting: { moveTo: 'other' }, end: 'moved' },
])(
  'messages in flight are neither purged nor moved: %j',
  async ({ waiting, end }) => {
    const { port, taken } = await slowSmsc(1_200)
    const all = Array.from({ length: 40 }, (_, index) =>
      entryOf(envelopeOf(5, 'normal', `316${1000 + index}`), { id: String(index) }),
    )
    const settings = { port, slots: [1], tps: 40, window: 100 }
    const { change, counts, events, lease } = startPool(all, settings)
    await expect.poll(() => taken.length, PATIENCE).toBeGreaterThan(15)
    change({ enabled: false })
    lease(40)
    // While answers are outstanding, the lane keeps exchanging its other envelopes with the queue.
    await expect.poll(() => counts.returned, PATIENCE).toBeGreaterThan(16)
    change({ enabled: false, waiting })
    lease(40)
    await expect.poll(() => events.length, PATIENCE).toBe(200)
    const submitted = events.filter(({ kind }) => kind === 'submitted')
    expect(submitted).toHaveLength(taken.length)
    expect(events.filter(({ kind }) => kind === end)).toHaveLength(200 - taken.length)
    expect(new Set(events.map(({ message }) => message.messageId)).size).toBe(200)
    expect(new Set(taken).size).toBe(taken.length)
  },
  20_000,
)
