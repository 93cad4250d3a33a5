import { onTestFinished } from 'vitest'
import { type Connector, connectorSchema } from '../../platform/connector.ts'
import type { QueueEntry } from '../../queue/queue.ts'
import { SteadyClock } from '../../flow/steadyClock.ts'
import { ConnectorPool } from './connectorPool.ts'
import { memoryQueues, ownsAll } from './connectorWork.fixture.ts'
import { type OutcomeStore, OutcomeWriter } from './outcomeWriter.ts'
import { ReceiptIntake } from './receiptIntake.ts'
import { RecentSubmissions } from './recentSubmissions.ts'

export interface PoolSettings extends Partial<Connector> {
  port: number
  slots: readonly number[]
  /** All of the connector's by default. */
  pace?: number
}

/** Holds slots of the connector `sim` until the end of the test. */
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
  const { add, queue, settled } = memoryQueues(entries)
  const onTrouble = () => undefined // links that end are part of it
  const recent = new RecentSubmissions()
  const clock = new SteadyClock()
  const store: OutcomeStore = {
    keep: async (rows) => new Set(rows.map(({ envelopeId }) => envelopeId)),
    publish: async () => undefined,
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
    ownership: { ...ownsAll(), listen: () => undefined },
    finishEnvelopes: async () => undefined,
    onTrouble,
  })
  pool.setConnectors(new Map([[connector.id, connector]]))
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
  return { add, lease, pool, settled }
}
