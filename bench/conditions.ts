// The conditions of the scale proof. Each condition runs on its own platform. A condition may have
// bounds in addition to the bounds for ordinary customers, which hold in all conditions.
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { adminCall } from '../test/adminCall.ts'
import { claimDue, countWaiting } from '../src/message/waitingMessageTable.ts'
import { submitQueue } from '../src/queue/envelopeWire.ts'
import { postgresUpkeep } from '../src/queue/postgres/postgresUpkeep.ts'
import { median } from './figure.ts'
import { fillOutbox } from './fillOutbox.ts'
import { crowdAccount, crowdUser, fillConnectors, fillUsers } from './fillPlatform.ts'
import { fillQueue } from './fillQueue.ts'
import { fillWaiting } from './fillWaiting.ts'
import { AWAY } from './scaleStage.ts'
import type { Measurement, ScaleStage } from './scaleStage.ts'
import { smscProcess } from './smscProcess.ts'

export type Figures = Readonly<Record<string, number | string>>

export interface Seen {
  readonly measurements: readonly Measurement[]
  readonly figures: Figures
  /** The bounds of the condition that were exceeded. */
  readonly faults: readonly string[]
}

export interface ConditionOptions {
  readonly scale: number
  /** How long the condition `a transaction held open` keeps its transaction open. */
  readonly minutes: number
  readonly measureMs: number
  onProgress(what: string): void
}

export interface Condition {
  readonly name: string
  during(stage: ScaleStage, options: ConditionOptions): Promise<Seen>
}

const HOUR_MS = 3_600_000
/** Enough for components to load all the resources. */
const SETTLED_MS = 10_000
const LOOKS = 11
const LOOK_MS = 250

/** One million messages in five minutes. */
const MOVED_PER_SECOND_MIN = 1_000_000 / 300
const MOVED_WITHIN_MS = 15 * 60_000
const BOUND_WITHIN_MS = 180_000
const CHANGE_EVERY_MS = 5_000
/** Bound of a search for due messages, which must not depend on the number of waiting messages. */
const LOOK_MS_MAX = 10

export const CONDITIONS: readonly Condition[] = [
  { name: '10,000,000 messages wait for a retry', during: manyWaiting },
  { name: '1,000,000 retries become due at the same time', during: manyDue },
  { name: '10,000,000 messages on the queue of an unreachable SMSC', during: longQueue },
  { name: '400,000 deliveries for an account that never binds', during: absentCustomer },
  { name: '1,000 connectors', during: manyConnectors },
  { name: '100,000 users, and one changes every 5 s', during: manyUsers },
  { name: 'a transaction held open', during: heldTransaction },
]

async function manyWaiting(stage: ScaleStage, options: ConditionOptions): Promise<Seen> {
  const { database } = stage
  const count = options.scale * 10_000_000
  const filledMs = await timed(() => fillWaiting(database, AWAY, count, 24 * HOUR_MS))
  options.onProgress(`${count} waiting messages inserted in ${seconds(filledMs)} s`)
  const during = await stage.measure('during', options.measureMs)
  const lookMs = await medianMs(() => claimDue(database, 100, 1))
  const countMs = await medianMs(() => countWaiting(database.run))
  return {
    measurements: [during],
    figures: {
      'a search for due messages, ms': lookMs,
      'a count of waiting messages, ms': countMs,
    },
    faults: [lookMs, countMs].some((ms) => ms > LOOK_MS_MAX)
      ? [`a search or a count took more than ${LOOK_MS_MAX} ms`]
      : [],
  }
}

async function manyDue(stage: ScaleStage, options: ConditionOptions): Promise<Seen> {
  const { database } = stage
  const count = options.scale * 1_000_000
  const upkeep = postgresUpkeep(database)
  const queue = submitQueue(AWAY, 'normal')
  // All messages are inserted before the first is due.
  const dueInMs = 10_000 + options.scale * 60_000
  const filledMs = await timed(() => fillWaiting(database, AWAY, count, dueInMs))
  await after(Math.max(0, dueInMs - filledMs))
  const startedMs = performance.now()
  const moved = async () => {
    while ((await countWaiting(database.run)) > 0) {
      if (performance.now() - startedMs > MOVED_WITHIN_MS) break
      await after(LOOK_MS)
    }
    return performance.now() - startedMs
  }
  const [during, movedMs] = await Promise.all([stage.measure('during', options.measureMs), moved()])
  const depth = (await upkeep.depths()).find((one) => one.queue === queue)
  const left = await countWaiting(database.run)
  const rate = ((count - left) * 1_000) / movedMs
  options.onProgress(`${count - left} of ${count} moved in ${seconds(movedMs)} s`)
  return {
    measurements: [during],
    figures: {
      'messages moved per second': Math.round(rate),
      'envelopes on the queue per 1,000 messages': Math.round(
        ((depth?.envelopes ?? 0) * 1_000) / Math.max(1, depth?.messages ?? 0),
      ),
    },
    faults: [
      ...(left > 0 ? [`${left} messages were not moved`] : []),
      ...(rate < MOVED_PER_SECOND_MIN
        ? [`only ${Math.round(rate)} messages moved per second`]
        : []),
    ],
  }
}

async function longQueue(stage: ScaleStage, options: ConditionOptions): Promise<Seen> {
  const count = options.scale * 10_000_000
  const filledMs = await timed(() => fillQueue(stage.database, AWAY, count))
  options.onProgress(`${count} queued in ${seconds(filledMs)} s`)
  const during = await stage.measure('during', options.measureMs)
  return { measurements: [during], figures: {}, faults: [] }
}

async function absentCustomer(stage: ScaleStage, options: ConditionOptions): Promise<Seen> {
  await fillOutbox(stage.database, 'absent', options.scale * 400_000)
  const during = await stage.measure('during', options.measureMs)
  return { measurements: [during], figures: {}, faults: [] }
}

async function manyConnectors(stage: ScaleStage, options: ConditionOptions): Promise<Seen> {
  const count = Math.ceil(options.scale * 1_000)
  // A separate SMSC, because the ordinary one would also send its receipts over these binds.
  const smsc = smscProcess()
  try {
    const file = join(stage.upstream.stack.home, 'smsc', 'carriers.ndjson')
    const { port } = await smsc.ask({ start: { file } })
    await fillConnectors(stage.database, count, port)
    const binds = async () => (await smsc.ask({})).stats.binds
    const startedMs = performance.now()
    while ((await binds()) < count && performance.now() - startedMs < BOUND_WITHIN_MS)
      await after(LOOK_MS)
    const boundMs = performance.now() - startedMs
    const bound = await binds()
    options.onProgress(`${bound} of ${count} bound in ${seconds(boundMs)} s`)
    const during = await stage.measure('during', options.measureMs)
    return {
      measurements: [during],
      figures: { 'seconds until all are bound': seconds(boundMs) },
      faults: bound < count ? [`${bound} of ${count} are bound`] : [],
    }
  } finally {
    await smsc.stop()
  }
}

async function manyUsers(stage: ScaleStage, options: ConditionOptions): Promise<Seen> {
  const { admin } = stage.upstream.stack.ready
  const count = Math.ceil(options.scale * 100_000)
  await fillUsers(stage.database, count)
  await after(SETTLED_MS)
  const changesMs: number[] = []
  const change = async () => {
    const untilMs = performance.now() + options.measureMs
    for (let n = 0; performance.now() < untilMs; n++) {
      const user = { account: crowdAccount(0), password: 'changed', maxBinds: 1 + n }
      const path = `/admin/v1/users/${crowdUser(0)}`
      changesMs.push(await timed(() => adminCall(admin, 'PUT', path, user)))
      await after(CHANGE_EVERY_MS)
    }
  }
  const [during] = await Promise.all([stage.measure('during', options.measureMs), change()])
  const figures = { 'a change of one user, ms': Math.round(median(changesMs)) }
  return { measurements: [during], figures, faults: [] }
}

async function heldTransaction(stage: ScaleStage, options: ConditionOptions): Promise<Seen> {
  const client = await stage.database.pool.connect()
  // A long report or pg_dump holds such a snapshot, which keeps vacuum from removing dead rows.
  await client.query('set idle_in_transaction_session_timeout = 0')
  await client.query('begin isolation level repeatable read')
  await client.query('select count(*) from platform_revision')
  const measurements: Measurement[] = []
  const startedMs = performance.now()
  const heldMs = () => performance.now() - startedMs
  do {
    const when = `from minute ${Math.round(heldMs() / 6_000) / 10} on`
    measurements.push(await stage.measure(when, options.measureMs))
    options.onProgress(`held for ${seconds(heldMs())} s`)
  } while (heldMs() < options.minutes * 60_000)
  await client.query('commit')
  client.release()
  return { measurements, figures: {}, faults: [] }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now()
  await work()
  return performance.now() - startedMs
}

async function medianMs(work: () => Promise<unknown>): Promise<number> {
  const taken: number[] = []
  for (let look = 0; look < LOOKS; look++) taken.push(await timed(work))
  return Math.round(median(taken) * 10) / 10
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10
}
