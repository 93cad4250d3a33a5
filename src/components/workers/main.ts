// The workers hold the upstream binds, submit messages and receive receipts. A process works for a
// connector while it leases at least one of the connector's bind slots. If a worker is killed at
// any point, live workers receive its envelopes together with the checkpoints of the outcomes.

import { join } from 'node:path'
import { publishAll } from '../../queue/publishAll.ts'
import type { OncePublisher, Queue } from '../../queue/queue.ts'
import { PostgresQueue } from '../../queue/postgres/postgresQueue.ts'
import { postgresUpkeep } from '../../queue/postgres/postgresUpkeep.ts'
import { runComponent } from '../../runtime/component.ts'
import type { ComponentContext, RunningComponent } from '../../runtime/component.ts'
import { leaseSlots, releaseSlots } from '../../cluster/bindSlotTable.ts'
import {
  claimEnvelopes,
  envelopeOwners,
  finishEnvelopes,
  releaseEnvelopes,
  writeCheckpoints,
} from '../../message/checkpointTable.ts'
import type { Database } from '../../database/database.ts'
import { putLater } from '../../message/waitingMessageTable.ts'
import { connectorKind } from '../../platform/connector.ts'
import { readDeletedOfKind } from '../../platform/resourceTable.ts'
import { Presence } from '../../cluster/presence.ts'
import { processList } from '../../cluster/processTable.ts'
import { besideOutages, openDatabaseLink, type DatabaseLink } from '../databaseLink.ts'
import { SteadyClock } from '../../flow/steadyClock.ts'
import { isBoundElsewhere, tellBound } from '../../cluster/boundConnectorTable.ts'
import { BindLeases } from './bindLeases.ts'
import { BindLog } from './bindLog.ts'
import { Caretaker } from './caretaker.ts'
import { clearedQueues } from './clearedOutcome.ts'
import { ConnectorPool } from './connectorPool.ts'
import { followDatabaseTime } from './followDatabaseTime.ts'
import { startJobs } from './jobs.ts'
import { EnvelopeOwnership } from './envelopeOwnership.ts'
import { type OutcomeStore, OutcomeWriter } from './outcomeWriter.ts'
import { ReceiptIntake } from './receiptIntake.ts'
import { RecentSubmissions } from './recentSubmissions.ts'
import { StrandedMessages, type StrandedMessagesOptions } from './strandedMessages.ts'
import { registerWorkerMetrics } from './registerWorkerMetrics.ts'

type Context = ComponentContext<'workers'>

async function start(context: Context): Promise<RunningComponent> {
  const { config, trouble } = context
  const onTrouble = besideOutages(trouble)
  const follows = ['connector'] as const
  const link = openDatabaseLink({ ...config, component: 'workers', follows, trouble })
  const { database } = link
  await link.follower.start()
  const queue = new PostgresQueue(database, link.wakeUps, config.instance)
  const clock = new SteadyClock()
  const stopFollowing = followDatabaseTime(clock, database, onTrouble)
  const recent = new RecentSubmissions()
  const intake = new ReceiptIntake(queue, recent, clock, onTrouble)
  const writer = new OutcomeWriter(outcomeStore(database, queue, clock), onTrouble)
  const ownership = ownershipOf(context, database)
  const bindLog = bindLogOf(context)
  const caretaker = caretakerOf(context, database, (connector) => pool.wake(connector))
  const pool = new ConnectorPool({
    queue,
    queueLeaseMs: config.queueLeaseMs,
    secretsDir: config.secretsDir ?? join(config.home, 'secrets'),
    writer,
    recent,
    clock,
    intake,
    caresFor: (connector) => caretaker.caresFor(connector),
    confirmedAtMs: () => link.follower.confirmedAtMs,
    ownership,
    finishEnvelopes: (envelopeIds) => finishEnvelopes(database, envelopeIds),
    bindEvents: (connector) => bindLog.of(connector),
    onTrouble,
  })
  const { leases, presence } = leasing(context, link, { caretaker, pool }, onTrouble)
  await presence.start()
  await ownership.start()
  link.follower.follow((platform) => {
    pool.setConnectors(platform.connectors)
    leases.want([...platform.connectors.values()])
  })
  const { stopJobs, stranded } = jobsOf(context, link, { queue, writer, ownership, clock })
  registerWorkerMetrics(context.metrics, { pool, intake, writer, stranded })
  return {
    ports: {},
    drain: async () => {
      stopJobs()
      stopFollowing()
      link.follower.stop()
      pool.stop()
      await leases.stop()
      await intake.whenIdle()
      await writer.whenIdle()
      await pool.close()
      bindLog.tick()
      await ownership.stop()
      await presence.stop()
      await link.close()
    },
  }
}

function bindLogOf({ log, trouble }: Context): BindLog {
  const bindLog = new BindLog(log)
  trouble.eachTick((nowMs) => bindLog.tick(nowMs))
  return bindLog
}

function jobsOf(
  { config, trouble }: Context,
  { database, follower }: DatabaseLink,
  work: Pick<StrandedMessagesOptions, 'writer' | 'ownership' | 'clock'> & {
    queue: Queue & OncePublisher
  },
): { stopJobs: () => void; stranded: StrandedMessages } {
  const onTrouble = besideOutages(trouble)
  const upkeep = postgresUpkeep(database)
  const stranded = new StrandedMessages({
    ...work,
    queueLeaseMs: config.queueLeaseMs,
    upkeep,
    finishEnvelopes: (envelopeIds) => finishEnvelopes(database, envelopeIds),
    deletedConnectors: () => readDeletedOfKind(database, connectorKind.kind),
    onTrouble,
  })
  const stopJobs = startJobs({
    database,
    queue: work.queue,
    upkeep,
    stranded,
    retention: config,
    paceOf: (connector) => follower.platform.connectors.get(connector)?.tps ?? 1,
    clearedQueues: () => clearedQueues(follower.platform.connectors.values()),
    onTrouble,
  })
  return { stopJobs, stranded }
}

function ownershipOf({ config, trouble }: Context, database: Database): EnvelopeOwnership {
  return new EnvelopeOwnership({
    store: {
      ...envelopeOwners(database, config.instance),
      claim: (owner, wanted) => claimEnvelopes(database, owner, wanted),
      release: (owner, envelopeIds) => releaseEnvelopes(database, owner, envelopeIds),
    },
    // This lease is shorter than the queue's lease. When the queue delivers a dead worker's
    // envelope again, the worker is therefore already known to be dead.
    leaseMs: config.queueLeaseMs / 2,
    onTrouble: besideOutages(trouble),
  })
}

function caretakerOf(
  { config, trouble }: Context,
  database: Database,
  onChange: (connector: string) => void,
): Caretaker {
  const { instance } = config
  return new Caretaker({
    tellBound: (state) => tellBound(database, instance, state),
    isBoundElsewhere: (connector) => isBoundElsewhere(database, instance, connector),
    onChange,
    onTrouble: besideOutages(trouble),
  })
}

function outcomeStore(database: Database, queue: Queue, clock: SteadyClock): OutcomeStore {
  return {
    keep: async (checkpoints, waiting) => {
      if (waiting.length === 0) return writeCheckpoints(database.run, checkpoints)
      // The clock is read before the database reads its own time, from which the wait is counted. A
      // message that waits until it expires is therefore never due before it expires.
      const nowMs = clock.nowMs()
      return database.transaction(async (run) => {
        const kept = await writeCheckpoints(run, checkpoints)
        const ours = waiting.filter(({ envelopeId }) => kept.has(envelopeId))
        await putLater(
          run,
          ours.map(({ entry }) => entry),
          nowMs,
        )
        return kept
      })
    },
    publish: (publications) => publishAll(queue, publications),
  }
}

function leasing(
  { config, recentTroubles }: Context,
  link: DatabaseLink,
  { caretaker, pool }: { caretaker: Caretaker; pool: ConnectorPool },
  onTrouble: (what: string, error: Error) => void,
): { leases: BindLeases; presence: Presence } {
  const { database } = link
  const { instance, bindLeaseTtlMs: ttlMs, bindReleaseAfterMs: releaseAfterMs } = config
  const terms = { holder: instance, ttlMs, releaseAfterMs }
  let workers = 1
  const leases = new BindLeases({
    acquire: (claims, limits) => leaseSlots(database, terms, claims, limits),
    release: (slots) => releaseSlots(database, instance, slots),
    workers: () => workers,
    ttlMs,
    onChange: (connector, lease) => {
      pool.setLease(connector, lease)
      caretaker
        .look(connector, { ...lease, boundSlots: pool.boundSlots(connector) })
        .catch((error: Error) => onTrouble(`looking after ${connector}`, error))
    },
    lowerPace: (connector, pace) => pool.lowerPace(connector, pace),
    closeBinds: (connector, slots) => {
      caretaker.leave(connector, slots)
      return pool.closeSlots(connector, slots)
    },
    onTrouble,
  })
  const presence = new Presence({
    processes: processList(database),
    announce: {
      component: 'workers',
      instance,
      address: '',
      report: () => ({ troubles: [...recentTroubles.list()] }),
    },
    watch: { component: 'workers', onChange: (list) => (workers = list.length) },
    onTrouble,
  })
  return { leases, presence }
}

await runComponent('workers', start)
