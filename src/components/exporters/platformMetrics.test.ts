import { expect, test } from 'vitest'
import { createMetrics } from '../../runtime/metrics.ts'
import type { PlatformGauges } from './readGauges.ts'
import { createPlatformMetrics } from './platformMetrics.ts'

const GAUGES: PlatformGauges = {
  queues: [
    { queue: 'dlr', envelopes: 2, messages: 300, oldestAgeSeconds: 1.5 },
    { queue: 'submit.smsc.normal', envelopes: 1, messages: 7, oldestAgeSeconds: 0.25 },
  ],
  outboxPending: 3,
  outboxOldestAgeSeconds: 4,
  parkedReceipts: 5,
  laterMessages: 6,
  deadLetters: [{ queue: 'journal', letters: 1 }],
  boundSlots: [{ connector: 'smsc', slots: 1 }],
  heldSlots: [{ connector: 'smsc', slots: 2 }],
  configuredSlots: [
    { connector: 'smsc', slots: 4 },
    { connector: 'idle', slots: 1 },
  ],
  processes: [{ component: 'router', processes: 2 }],
}

async function scraped(gauges: readonly (PlatformGauges | Error)[]): Promise<string[]> {
  const metrics = createMetrics('exporters')
  const platformMetrics = createPlatformMetrics(metrics)
  for (const one of gauges) {
    if (one instanceof Error) platformMetrics.storeAway()
    else platformMetrics.set(one, 1_700_000_000_000)
  }
  const text = await metrics.registry.metrics()
  return text
    .split('\n')
    .map((line) => line.replace(/,?component="exporters"/, '').replace('{}', ''))
}

test('all figures of the platform are exported as metrics', async () => {
  const lines = await scraped([GAUGES])
  for (const line of [
    'signalbox_queue_envelopes{queue="dlr"} 2',
    'signalbox_queue_messages{queue="submit.smsc.normal"} 7',
    'signalbox_queue_oldest_age_seconds{queue="submit.smsc.normal"} 0.25',
    'signalbox_dlr_lag_seconds 1.5',
    'signalbox_outbox_pending 3',
    'signalbox_outbox_oldest_age_seconds 4',
    'signalbox_parked_receipts 5',
    'signalbox_later_messages 6',
    'signalbox_dead_letters{queue="journal"} 1',
    'signalbox_upstream_binds{connector="smsc"} 1',
    'signalbox_upstream_binds{connector="idle"} 0',
    'signalbox_upstream_bind_slots_leased{connector="smsc"} 2',
    'signalbox_upstream_bind_slots_leased{connector="idle"} 0',
    'signalbox_upstream_bind_slots_configured{connector="smsc"} 4',
    'signalbox_processes{counted_component="router"} 2',
    'signalbox_store_up 1',
  ])
    expect(lines).toContain(line)
})

test('a queue that has become empty is exported as 0', async () => {
  const lines = await scraped([GAUGES, { ...GAUGES, queues: [] }])
  expect(lines).toContain('signalbox_queue_envelopes{queue="dlr"} 0')
  expect(lines).toContain('signalbox_dlr_lag_seconds 0')
})

test('the last figures remain while the database is unavailable', async () => {
  const lines = await scraped([GAUGES, new Error('away')])
  expect(lines).toContain('signalbox_store_up 0')
  expect(lines).toContain('signalbox_queue_envelopes{queue="dlr"} 2')
})
