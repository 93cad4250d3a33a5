// The workers hold the upstream binds, submit messages and take receipts in. A process works for a
// connector while it leases at least one of its bind slots. When it is killed, at any point, its
// envelopes come again to a live worker, with the checkpoints of their outcomes.

import { join } from 'node:path'
import { PostgresQueue } from '../../queue/postgres/postgresQueue.ts'
import { postgresUpkeep } from '../../queue/postgres/postgresUpkeep.ts'
import { runComponent } from '../../runtime/component.ts'
import type { ComponentContext, RunningComponent } from '../../runtime/component.ts'
import { acquireSlots, releaseSlots } from '../../cluster/bindSlotTable.ts'
import {
  type Checkpoint,
  readCheckpoint,
  removeCheckpoints,
  writeCheckpoints,
} from '../../message/checkpointTable.ts'
import type { Database } from '../../database/database.ts'
import { type LaterEntry, putLater } from '../../message/waitingMessageTable.ts'
import { Presence } from '../../cluster/presence.ts'
import { processList } from '../../cluster/processTable.ts'
import { openDatabaseLink, type DatabaseLink } from '../databaseLink.ts'
import { SteadyClock } from '../../flow/steadyClock.ts'
import { BindLeases } from './bindLeases.ts'
import { ConnectorPool } from './connectorPool.ts'
import { followDatabaseTime } from './followDatabaseTime.ts'
import { startJobs } from './jobs.ts'
import { OutcomeWriter } from './outcomeWriter.ts'
import { ReceiptIntake } from './receiptIntake.ts'
import { RecentSubmissions } from './recentSubmissions.ts'

async function start(context: ComponentContext): Promise<RunningComponent> {
  const { config, log } = context
  const onTrouble = (what: string, error: Error) => log.warn({ err: error }, what)
  const link = openDatabaseLink({ ...config, component: 'workers', onTrouble })
  const { database } = link
  await link.follower.start()
  const queue = new PostgresQueue(database, link.wakeUps, config.instance)
  const clock = new SteadyClock()
  const stopFollowing = followDatabaseTime(clock, database, onTrouble)
  const recent = new RecentSubmissions()
  const intake = new ReceiptIntake(queue, recent, clock, onTrouble)
  const writer = new OutcomeWriter(
    {
      keep: (checkpoints, later) => keepOutcomes(database, checkpoints, later, clock.nowMs()),
      publish: (publications) => queue.publish(publications),
    },
    onTrouble,
  )
  const pool = new ConnectorPool({
    queue,
    queueLeaseMs: config.queueLeaseMs,
    secretsDir: config.secretsDir ?? join(config.home, 'secrets'),
    writer,
    recent,
    clock,
    intake,
    readCheckpoint: (envelopeId) => readCheckpoint(database, envelopeId),
    removeCheckpoints: (envelopeIds) => removeCheckpoints(database, envelopeIds),
    onTrouble,
  })
  const { leases, presence } = leasing(context, link, pool, onTrouble)
  await presence.start()
  link.follower.follow((platform) => {
    pool.setConnectors(platform.connectors)
    leases.want([...platform.connectors.values()])
  })
  const { receiptTtlHours } = config
  const stopJobs = startJobs({
    database,
    queue,
    upkeep: postgresUpkeep(database),
    receiptTtlHours,
    onTrouble,
  })
  registerMetrics(context, pool, intake)
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
      await presence.stop()
      await link.close()
    },
  }
}

async function keepOutcomes(
  database: Database,
  checkpoints: readonly Checkpoint[],
  later: readonly LaterEntry[],
  nowMs: number,
): Promise<void> {
  if (later.length === 0)
    return writeCheckpoints((statement, values) => database.run(statement, values), checkpoints)
  await database.transaction(async (run) => {
    await putLater(run, later, nowMs)
    await writeCheckpoints(run, checkpoints)
  })
}

function leasing(
  { config }: ComponentContext,
  link: DatabaseLink,
  pool: ConnectorPool,
  onTrouble: (what: string, error: Error) => void,
): { leases: BindLeases; presence: Presence } {
  const { database } = link
  const { instance, bindLeaseTtlMs, bindReleaseAfterMs } = config
  let workers = 1
  const leases = new BindLeases({
    acquire: (claim) => acquireSlots(database, claim, instance, bindLeaseTtlMs, bindReleaseAfterMs),
    release: (connector, slots) => releaseSlots(database, instance, connector, slots),
    workers: () => workers,
    ttlMs: bindLeaseTtlMs,
    onChange: (connector, lease) => pool.setLease(connector, lease),
    lowerPace: (connector, pace) => pool.lowerPace(connector, pace),
    closeBinds: (connector, slots) => pool.closeSlots(connector, slots),
    onTrouble,
  })
  const presence = new Presence({
    processes: processList(database),
    announce: { component: 'workers', instance, address: '' },
    watch: { component: 'workers', onChange: (list) => (workers = list.length) },
    onTrouble,
  })
  return { leases, presence }
}

function registerMetrics(
  { metrics }: ComponentContext,
  pool: ConnectorPool,
  intake: ReceiptIntake,
): void {
  metrics.gauge('workers_binds', 'Upstream binds that are up', ['connector'], (gauge) => {
    for (const [connector, bound] of pool.boundByConnector()) gauge.set({ connector }, bound)
  })
  metrics.gauge(
    'workers_pace',
    'Messages a second that this process may submit',
    ['connector'],
    (gauge) => {
      for (const [connector, pace] of pool.paceByConnector()) gauge.set({ connector }, pace)
    },
  )
  const outcomes = ['submitted', 'failed', 'deferred', 'resubmitted'] as const
  for (const outcome of outcomes)
    metrics.gauge(
      `workers_${outcome}_messages`,
      `Messages ${outcome} since start`,
      ['connector'],
      (gauge) => {
        for (const [connector, counters] of pool.countersByConnector())
          gauge.set({ connector }, counters[outcome])
      },
    )
  metrics.gauge('workers_receipts', 'Receipts taken in since start', [], (gauge) =>
    gauge.set(intake.counters.receipts),
  )
  metrics.gauge(
    'workers_mobile_originated_refused',
    'deliver_sm that were no receipts: refused as temporary, there are no MO routes yet',
    [],
    (gauge) => gauge.set(intake.counters.mobileOriginatedRefused),
  )
}

await runComponent('workers', start)
