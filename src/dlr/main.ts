// The dlr-processor: writes what became of messages. It reads the journal and the receipts, each
// in batches, and settles them once their transaction has committed; killed in between it does the
// same again, which changes nothing. It never pushes back on those who publish.

import { DLR_QUEUE, decodeReceipts } from '../contract/dlr.ts'
import { JOURNAL_QUEUE } from '../contract/journal.ts'
import { repeat } from '../flow/repeat.ts'
import { Consumer } from '../queue/consumer.ts'
import { PostgresQueue } from '../queue/postgresQueue.ts'
import type { Delivery, QueueVerdict } from '../queue/queue.ts'
import { runComponent } from '../runtime/component.ts'
import type { ComponentContext, RunningComponent } from '../runtime/component.ts'
import { StoreUnavailable } from '../store/database.ts'
import { OUTBOX_TOPIC } from '../store/outbox.ts'
import { openStoreLink } from '../store/storeLink.ts'
import { changesFrom } from './changesFrom.ts'
import { StateWriter } from './stateWriter.ts'

/** Envelopes in one transaction; each holds up to a few hundred messages. */
const MAX_ENVELOPES = 8
/** Transactions under way per queue: one waits for the disk while the next is read. */
const CONCURRENCY = 2
const SWEEP_INTERVAL_MS = 500
const SWEEP_BATCH = 500

async function start(context: ComponentContext): Promise<RunningComponent> {
  const { config, log, metrics } = context
  const onTrouble = (what: string, error: Error) => log.warn({ err: error }, what)
  const link = openStoreLink({ ...config, component: 'dlr', onTrouble })
  const queue = new PostgresQueue(link.database, link.waker, config.instance)
  const writer = new StateWriter({
    database: link.database,
    receiptTtlHours: config.receiptTtlHours,
    onOutbox: () => link.waker.stir([OUTBOX_TOPIC]),
  })
  const consume = (name: string, apply: (payloads: Buffer[]) => Promise<void>) =>
    startConsumer(queue, name, config.queueLeaseMs, apply, onTrouble)
  const consumers = [
    consume(JOURNAL_QUEUE, (payloads) => writer.apply(changesFrom(payloads))),
    consume(DLR_QUEUE, (payloads) => writer.applyReceipts(payloads.flatMap(decodeReceipts))),
  ]
  const sweep = async (): Promise<number> =>
    (await writer.sweep(SWEEP_BATCH)) === SWEEP_BATCH ? 0 : SWEEP_INTERVAL_MS
  const stopSweeping = repeat(SWEEP_INTERVAL_MS, 'sweeping parked receipts', sweep, onTrouble)
  for (const [name, help] of COUNTERS)
    metrics.gauge(`dlr_${name}`, help, [], (gauge) => gauge.set(writer.counters[name]))
  return {
    ports: {},
    drain: async () => {
      stopSweeping()
      await Promise.all(consumers.map((consumer) => consumer.drain()))
      for (const consumer of consumers) consumer.close()
      await link.close()
    },
  }
}

const COUNTERS = [
  ['transitions', 'State changes written since start'],
  ['parked', 'Receipts that matched nothing yet, since start'],
  ['matched', 'Receipts matched through the store since start'],
] as const

function startConsumer(
  queue: PostgresQueue,
  name: string,
  leaseMs: number,
  apply: (payloads: Buffer[]) => Promise<void>,
  onTrouble: (what: string, error: Error) => void,
): Consumer {
  let underWay = 0
  const consumer: Consumer = new Consumer({
    queue,
    name,
    leaseMs,
    capacity: () => (underWay < CONCURRENCY ? MAX_ENVELOPES : 0),
    handle: async (deliveries) => {
      underWay++
      try {
        return await applyBisecting(deliveries, apply)
      } finally {
        underWay--
        consumer.poke()
      }
    },
    onError: onTrouble,
  })
  return consumer
}

/** What cannot be read or written is halved until the culprit is alone; only that is set aside. */
async function applyBisecting(
  deliveries: readonly Delivery[],
  apply: (payloads: Buffer[]) => Promise<void>,
): Promise<QueueVerdict[]> {
  try {
    await apply(deliveries.map(({ payload }) => payload))
    return deliveries.map(() => ({ kind: 'done' }))
  } catch (error) {
    // The store being away is nobody's fault; the consumer brings them again.
    if (error instanceof StoreUnavailable) throw error
    if (deliveries.length === 1) return [{ kind: 'dead', reason: String(error) }]
    const half = Math.ceil(deliveries.length / 2)
    return [
      ...(await applyBisecting(deliveries.slice(0, half), apply)),
      ...(await applyBisecting(deliveries.slice(half), apply)),
    ]
  }
}

await runComponent('dlr', start)
