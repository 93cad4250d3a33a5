// Messages that wait for a disabled connector are kept, purged or moved. A connector is cleared
// when its setting `waiting` is to purge the messages or to move them to another connector.

import { expect, onTestFinished, test } from 'vitest'
import { LANES } from '../../message/lane.ts'
import type { JournalEvent } from '../../message/journalWire.ts'
import type { LaterEntry } from '../../message/waitingMessageTable.ts'
import { type Connector, connectorSchema } from '../../platform/connector.ts'
import { decodeEnvelope, type Envelope } from '../../queue/envelopeWire.ts'
import { decodeJournal } from '../../queue/journalEntryWire.ts'
import { entryOf, envelopeOf, memoryQueues, ownsAll } from './connectorWork.fixture.ts'
import { ConnectorPool } from './connectorPool.ts'
import { type OutcomeStore, OutcomeWriter } from './outcomeWriter.ts'
import { SteadyClock } from '../../flow/steadyClock.ts'
import { ReceiptIntake } from './receiptIntake.ts'
import { RecentSubmissions } from './recentSubmissions.ts'

const PATIENCE = { timeout: 5_000 }

/** A worker that holds no slot of any connector, with these envelopes on the queues. */
function workerWith(envelopes: readonly Envelope[]) {
  const entries = envelopes.map((envelope, index) => entryOf(envelope, { id: String(index) }))
  const { queue, settled } = memoryQueues(entries)
  const recent = new RecentSubmissions()
  // The settings were last checked long after the envelopes were created.
  const confirmed = { atMs: Date.now() + 60_000 }
  const clock = new SteadyClock()
  const onTrouble = (what: string, error: Error) => {
    throw new Error(what, { cause: error })
  }
  const events: JournalEvent[] = []
  const kept: LaterEntry[] = []
  const store: OutcomeStore = {
    keep: async (checkpoints, waiting) => {
      kept.push(...waiting.map(({ entry }) => entry))
      return new Set(checkpoints.map(({ envelopeId }) => envelopeId))
    },
    publish: async (publications) => {
      for (const { payload } of publications) {
        const entry = decodeJournal(payload)
        if (entry.kind === 'events') events.push(...entry.events)
      }
    },
  }
  const pool = new ConnectorPool({
    queue,
    queueLeaseMs: 60_000,
    secretsDir: '/nowhere',
    writer: new OutcomeWriter(store, onTrouble),
    recent,
    clock,
    intake: new ReceiptIntake(queue, recent, clock, onTrouble),
    caresFor: () => false,
    confirmedAtMs: () => confirmed.atMs,
    ownership: { ...ownsAll(), listen: () => undefined },
    finishEnvelopes: async () => undefined,
    onTrouble,
  })
  onTestFinished(async () => {
    pool.stop()
    await pool.close()
  })
  const counters = () => [...pool.figuresByConnector()][0]?.[1].outcomes
  return { confirmed, counters, entries, events, kept, pool, settled }
}

function disabled(waiting: Connector['waiting']): ReadonlyMap<string, Connector> {
  const host = { host: '127.0.0.1', port: 1, systemId: 's', password: 'p', tps: 0.1 }
  const connector = connectorSchema.parse({ id: 'sim', enabled: false, waiting, ...host })
  return new Map([['sim', connector]])
}

const ENVELOPES = LANES.map((lane) => envelopeOf(30, lane))
const MESSAGES = ENVELOPES.flatMap(({ messages }) => messages)

test('purged messages of all lanes fail immediately, without waiting for the pace', async () => {
  const { counters, events, kept, pool, settled } = workerWith(ENVELOPES)
  pool.setConnectors(disabled('purge'))
  await expect.poll(() => settled.length, PATIENCE).toBe(3)
  expect(settled.map(([, kind]) => kind)).toEqual(['done', 'done', 'done'])
  expect(events).toHaveLength(MESSAGES.length)
  for (const message of MESSAGES)
    expect(events).toContainEqual({
      kind: 'failed',
      connector: 'sim',
      message,
      atMs: expect.any(Number),
      commandStatus: 0,
      reason: 'purged by the operator',
    })
  expect(kept).toEqual([])
  expect(counters()).toMatchObject({ purged: MESSAGES.length, failed: 0, moved: 0 })
})

test.each<Connector['waiting']>(['purge', { moveTo: 'other' }])(
  'clearing a connector expires the messages whose validity has ended: %j',
  async (waiting) => {
    const envelope = envelopeOf(2)
    const [over, alive] = envelope.messages
    if (over) over.expiresAtMs = Date.now() - 1_000
    if (alive) alive.expiresAtMs = Date.now() + 60_000
    const { counters, events, pool, settled } = workerWith([envelope])
    pool.setConnectors(disabled(waiting))
    await expect.poll(() => settled.length, PATIENCE).toBe(1)
    expect(events).toHaveLength(2)
    expect(events).toContainEqual(expect.objectContaining({ kind: 'expired', message: over }))
    expect(counters()).toMatchObject({ expired: 1 })
  },
)

test('moved messages wait unchanged on the same lane of the other connector', async () => {
  const { counters, events, kept, pool, settled } = workerWith(ENVELOPES)
  pool.setConnectors(disabled({ moveTo: 'other' }))
  await expect.poll(() => settled.length, PATIENCE).toBe(3)
  const moved = kept.map(({ payload }) => decodeEnvelope(payload))
  expect(moved.map(({ messages }) => messages)).toEqual(MESSAGES.map((message) => [message]))
  for (const [index, { connector, envelopeId, lane }] of moved.entries()) {
    expect(connector).toBe('other')
    expect(kept[index]).toMatchObject({ envelopeId, queue: `submit.other.${lane}`, messages: 1 })
    expect(kept[index]?.dueAtMs).toBeLessThanOrEqual(Date.now())
  }
  for (const message of MESSAGES)
    expect(events).toContainEqual({
      kind: 'moved',
      connector: 'other',
      from: 'sim',
      message,
      atMs: expect.any(Number),
    })
  expect(counters()).toMatchObject({ purged: 0, moved: MESSAGES.length })
})

test('messages stay on the queues of a disabled connector with the setting "keep"', async () => {
  const { entries, events, pool } = workerWith(ENVELOPES)
  pool.setConnectors(disabled('keep'))
  // A worker that clears a connector receives the messages as soon as it checks the queues.
  pool.setConnectors(disabled('keep'))
  await new Promise(setImmediate)
  expect(entries).toHaveLength(3)
  expect(events).toEqual([])
})

test('moving a message does not count as an attempt to submit it', async () => {
  const retried = envelopeOf(1)
  const [message] = retried.messages
  if (message) message.attempts = 7
  const { kept, pool, settled } = workerWith([retried])
  pool.setConnectors(disabled({ moveTo: 'other' }))
  await expect.poll(() => settled.length, PATIENCE).toBe(1)
  expect(kept.map(({ payload }) => decodeEnvelope(payload).messages[0]?.attempts)).toEqual([7])
})

test('a message newer than the last check of the settings waits for the next check', async () => {
  const { confirmed, entries, events, pool, settled } = workerWith([envelopeOf(3)])
  // The connector may have been enabled again. The router may have noticed this before the worker,
  // and may have sent the envelope for that reason.
  confirmed.atMs = Date.now()
  pool.setConnectors(disabled('purge'))
  await expect.poll(() => entries, PATIENCE).toEqual([])
  await new Promise(setImmediate)
  expect(events).toEqual([])
  confirmed.atMs = Date.now() + 60_000
  await expect.poll(() => settled, PATIENCE).toEqual([['0', 'done']])
  expect(events).toHaveLength(3)
})

test('the holder of the first slot expires the messages of a disabled connector', async () => {
  const envelope = envelopeOf(2)
  const [first] = envelope.messages
  if (first) first.expiresAtMs = Date.now() + 500
  const { entries, events, pool } = workerWith([envelope])
  pool.setConnectors(disabled('keep'))
  pool.setLease('sim', { slots: [2], pace: 1, heldUntilMs: performance.now() + 60_000 })
  await new Promise(setImmediate)
  expect(entries).toHaveLength(1)
  pool.setLease('sim', { slots: [1], pace: 1, heldUntilMs: performance.now() + 60_000 })
  await expect.poll(() => events, PATIENCE).toMatchObject([{ kind: 'expired', message: first }])
  expect(bound(pool)).toBe(0)
})

function bound(pool: ConnectorPool): number {
  return [...pool.boundByConnector()][0]?.[1] ?? 0
}
