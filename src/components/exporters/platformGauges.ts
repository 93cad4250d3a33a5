// Figures of the whole platform for /metrics, one query a family. They are read every few seconds
// and only by the exporters, so they may cost an index scan; no message waits for them.

import type { Database } from '../../database/database.ts'
import { PROCESS_TTL_MS } from '../../cluster/processTable.ts'

export interface PlatformGauges {
  queues: { queue: string; envelopes: number; messages: number; oldestAgeSeconds: number }[]
  outboxPending: number
  outboxOldestAgeSeconds: number
  parkedReceipts: number
  laterMessages: number
  deadLetters: { queue: string; letters: number }[]
  /** Bind slots that a process holds now. */
  heldSlots: { connector: string; slots: number }[]
  /** Bind slots that enabled connectors allow. */
  configuredSlots: { connector: string; slots: number }[]
  processes: { component: string; processes: number }[]
}

// count() is a bigint, which `pg` hands out as text: the casts make numbers of it.
const QUEUES = {
  name: 'gauges.queues',
  text: `select queue, count(*)::float8 as envelopes, sum(messages)::float8 as messages,
      extract(epoch from now() - min(published_at))::float8 as "oldestAgeSeconds"
    from queue_envelopes group by queue`,
}
const OUTBOX = {
  name: 'gauges.outbox',
  text: `select count(*)::float8 as pending,
      coalesce(extract(epoch from now() - min(created_at)), 0)::float8 as "oldestAgeSeconds"
    from outbox where state = 'pending'`,
}
const PARKED = {
  name: 'gauges.parked',
  text: 'select count(*)::float8 as receipts from parked_receipts',
}
const LATER = {
  name: 'gauges.later',
  text: 'select coalesce(sum(messages), 0)::float8 as messages from later',
}
const DEAD_LETTERS = {
  name: 'gauges.deadLetters',
  text: 'select queue, count(*)::float8 as letters from dead_letters group by queue',
}
const HELD_SLOTS = {
  name: 'gauges.heldSlots',
  text: `select connector, count(*)::float8 as slots from bind_slots
    where held_until > now() group by connector`,
}
const CONFIGURED_SLOTS = {
  name: 'gauges.configuredSlots',
  text: `select id as connector, (spec->>'binds')::float8 as slots from resources
    where kind = 'connector' and not deleted and (spec->>'enabled')::boolean`,
}
const PROCESSES = {
  name: 'gauges.processes',
  text: `select component, count(*)::float8 as processes from processes
    where heartbeat_at > now() - $1 * interval '1 ms' group by component`,
}

/** One after the other, so that this never takes more than one connection. */
export async function readPlatformGauges(database: Database): Promise<PlatformGauges> {
  const queues = await database.run<PlatformGauges['queues'][number]>(QUEUES)
  const [outbox] = await database.run<{ pending: number; oldestAgeSeconds: number }>(OUTBOX)
  const [parked] = await database.run<{ receipts: number }>(PARKED)
  const [later] = await database.run<{ messages: number }>(LATER)
  return {
    queues,
    outboxPending: outbox?.pending ?? 0,
    outboxOldestAgeSeconds: outbox?.oldestAgeSeconds ?? 0,
    parkedReceipts: parked?.receipts ?? 0,
    laterMessages: later?.messages ?? 0,
    deadLetters: await database.run(DEAD_LETTERS),
    heldSlots: await database.run(HELD_SLOTS),
    configuredSlots: await database.run(CONFIGURED_SLOTS),
    processes: await database.run(PROCESSES, [PROCESS_TTL_MS]),
  }
}
