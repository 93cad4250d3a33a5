// The dlr-processor writes the states of messages. It reads the journal and the receipts in
// batches, and settles a batch after the transaction that applies it has committed. If the process
// is killed between the commit and the settlement, the batch is applied a second time, which
// changes nothing. The processes that publish events and receipts never wait for this component.

import { DLR_QUEUE, decodeReceipts } from '../../message/receiptWire.ts'
import { JOURNAL_QUEUE } from '../../message/journalWire.ts'
import { repeat } from '../../flow/repeat.ts'
import { Consumer, type ConsumerOptions } from '../../queue/consumer.ts'
import { PostgresQueue } from '../../queue/postgres/postgresQueue.ts'
import { runComponent } from '../../runtime/component.ts'
import type { ComponentContext, RunningComponent } from '../../runtime/component.ts'
import { OUTBOX_TOPIC } from '../../outbox/outboxTable.ts'
import { announceProcess } from '../announceProcess.ts'
import { besideOutages, openDatabaseLink } from '../databaseLink.ts'
import { applyEntries, type Reader } from './applyEntries.ts'
import { DLR_COUNTERS, DLR_METRICS } from './dlrMetrics.ts'
import { changesFrom } from '../../message/changesFrom.ts'
import { readJournal } from './readJournal.ts'
import { StateWriter } from './stateWriter.ts'

/** Envelopes per transaction. An envelope holds up to a few hundred messages. */
const MAX_ENVELOPES = 8
/**
 * The minimum time between two receives from the journal. Fewer, larger batches cost less per
 * message. With this interval, the row of a message is still visible within a second.
 */
const JOURNAL_INTERVAL_MS = 250
const MAX_JOURNAL_ENVELOPES = 48
/**
 * The maximum size of the payloads in a batch. Decoding and writing a batch need several times as
 * much memory.
 */
const MAX_RECEIVE_OCTETS = 2 * 1_024 * 1_024
/**
 * The number of concurrent transactions for the queue of receipts. One transaction is prepared
 * while another waits for the disk.
 */
const CONCURRENCY = 2
const JOURNAL_CONCURRENCY = 4
const SWEEP_INTERVAL_MS = 500
const SWEEP_BATCH = 500

type Context = ComponentContext<'dlr'>

async function start(context: Context): Promise<RunningComponent> {
  const { config, trouble } = context
  const onTrouble = besideOutages(trouble)
  const follows = ['account'] as const
  const link = openDatabaseLink({ ...config, component: 'dlr', follows, trouble })
  await link.follower.start()
  const queue = new PostgresQueue(link.database, link.wakeUps, config.instance)
  const writer = new StateWriter({
    database: link.database,
    receiptTtlHours: config.receiptTtlHours,
    receiptErrors: (account) => link.follower.platform.accounts.get(account)?.receiptErrors,
    onOutbox: () => link.wakeUps.wake([OUTBOX_TOPIC]),
  })
  const source = { queue, leaseMs: config.queueLeaseMs, onError: onTrouble }
  const consumers = [
    startConsumer(
      { ...source, name: JOURNAL_QUEUE, minIntervalMs: JOURNAL_INTERVAL_MS },
      {
        envelopes: MAX_JOURNAL_ENVELOPES,
        octets: MAX_RECEIVE_OCTETS,
        transactions: JOURNAL_CONCURRENCY,
      },
      {
        read: readJournal,
        octetsOf: ({ message }) => message.body.length,
        apply: (events) => writer.apply(changesFrom(events)),
      },
    ),
    startConsumer(
      { ...source, name: DLR_QUEUE },
      { envelopes: MAX_ENVELOPES, octets: MAX_RECEIVE_OCTETS, transactions: CONCURRENCY },
      {
        read: decodeReceipts,
        octetsOf: ({ message }) => message?.body.length ?? 0,
        apply: (receipts) => writer.applyReceipts(receipts),
      },
    ),
  ]
  const sweep = async (): Promise<number> =>
    (await writer.sweep(SWEEP_BATCH)) === SWEEP_BATCH ? 0 : SWEEP_INTERVAL_MS
  const stopSweeping = repeat(
    SWEEP_INTERVAL_MS,
    'sweeping parked receipts failed',
    sweep,
    onTrouble,
  )
  registerMetrics(context, writer)
  const presence = await announceProcess(context, link.database)
  return {
    ports: {},
    drain: async () => {
      stopSweeping()
      await Promise.all(consumers.map((consumer) => consumer.drain()))
      for (const consumer of consumers) consumer.close()
      await presence.stop()
      await link.close()
    },
  }
}

function registerMetrics({ metrics }: Context, writer: StateWriter): void {
  for (const [name, definition] of Object.entries(DLR_COUNTERS))
    // The keys of DLR_COUNTERS are the names of the counters.
    metrics.read(definition, () => writer.counters[name as keyof typeof DLR_COUNTERS])
  metrics.readHistograms(DLR_METRICS.receiptSeconds, function* () {
    for (const [connector, seconds] of writer.submitToReceiptSeconds) yield [{ connector }, seconds]
  })
}

function startConsumer<Item>(
  source: Omit<ConsumerOptions, 'capacity' | 'handle' | 'maxOctets'>,
  max: { readonly envelopes: number; readonly octets: number; readonly transactions: number },
  reader: Reader<Item>,
): Consumer {
  let underWay = 0
  const consumer: Consumer = new Consumer({
    ...source,
    maxOctets: max.octets,
    capacity: () => (underWay < max.transactions ? max.envelopes : 0),
    handle: async (entries) => {
      underWay++
      try {
        const onNewer = (error: Error) => source.onError(`reading ${source.name}`, error)
        return await applyEntries(reader, entries, onNewer)
      } finally {
        underWay--
        consumer.wake()
      }
    },
  })
  return consumer
}

await runComponent('dlr', start)
