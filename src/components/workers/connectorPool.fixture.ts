import { onTestFinished } from 'vitest'
import { type Connector, connectorSchema } from '../../platform/connector.ts'
import type { Checkpoint } from '../../message/checkpointTable.ts'
import type { JournalEvent } from '../../message/journalWire.ts'
import { decodeJournal } from '../../queue/journalEntryWire.ts'
import type { QueueEntry } from '../../queue/queue.ts'
import { SteadyClock } from '../../flow/steadyClock.ts'
import { ConnectorPool } from './connectorPool.ts'
import { ownsAll } from './connectorWork.fixture.ts'
import { type OutcomeStore, OutcomeWriter } from './outcomeWriter.ts'
import { ReceiptIntake } from './receiptIntake.ts'
import { RecentSubmissions } from './recentSubmissions.ts'
import { returningQueues } from './returningQueues.fixture.ts'

export interface PoolSettings extends Partial<Connector> {
  port: number
  slots: readonly number[]
  /** The pace that is leased for the slots. The default is the connector's whole pace. */
  pace?: number
}

/** The longest time until a returned envelope is delivered again. */
const RETURN_MS_MAX = 500

/** Starts a pool that holds slots of the connector `sim` until the end of the test. */
export function startPool(entries: QueueEntry[], { slots, pace, ...settings }: PoolSettings) {
  const connector = connectorSchema.parse({
    id: 'sim',
    host: '127.0.0.1',
    systemId: 'platform',
    password: 'secret',
    binds: slots.length,
    window: 50,
    ...settings,
  })
  const { add, counts, held, queue, settled } = returningQueues(entries, RETURN_MS_MAX)
  const onTrouble = () => undefined // lost links are expected
  const recent = new RecentSubmissions()
  const clock = new SteadyClock()
  const checkpoints = new Map<string, Checkpoint>()
  const events: JournalEvent[] = []
  const store: OutcomeStore = {
    keep: async (rows) => {
      for (const row of rows) checkpoints.set(row.envelopeId, row)
      return new Set(rows.map(({ envelopeId }) => envelopeId))
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
    confirmedAtMs: () => Number.POSITIVE_INFINITY,
    ownership: { ...ownsAll({}, checkpoints), listen: () => undefined },
    finishEnvelopes: async () => undefined,
    onTrouble,
  })
  /** Changes settings of the connector, as an operator would. */
  const change = (changed: Partial<Connector>): void =>
    pool.setConnectors(new Map([[connector.id, { ...connector, ...changed }]]))
  change({})
  const lease = (granted: number) => {
    const heldUntilMs = performance.now() + 60_000
    pool.setLease(connector.id, { slots, pace: granted, heldUntilMs })
  }
  lease(pace ?? connector.tps)
  onTestFinished(async () => {
    pool.stop()
    await pool.closeSlots(connector.id, slots)
    await pool.close()
  })
  return { add, change, counts, events, held, lease, pool, settled }
}
