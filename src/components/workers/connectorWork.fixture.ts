import { onTestFinished } from 'vitest'
import type { Lane } from '../../message/lane.ts'
import { encodeEnvelope, type Envelope, submitQueue } from '../../queue/envelopeWire.ts'
import { type Connector, connectorSchema } from '../../platform/connector.ts'
import { newMessageId } from '../../message/ids.ts'
import { type PolledQueue, pollingSubscription } from '../../queue/pollingSubscription.ts'
import type { Queue, QueueEntry, SettledEntry, Settlement } from '../../queue/queue.ts'
import { encodeBody, ESME_ROK } from '../../smpp/index.ts'
import type { Checkpoint, ClaimedEnvelope } from '../../message/checkpointTable.ts'
import type { JournalEvent } from '../../message/journalWire.ts'
import { decodeJournal } from '../../queue/journalEntryWire.ts'
import { ConnectorWork } from './connectorWork.ts'
import { type OutcomeStore, OutcomeWriter } from './outcomeWriter.ts'
import { RecentSubmissions } from './recentSubmissions.ts'
import type { SubmitLaneOptions } from './submitLane.ts'
import { startSmsc } from './smsc.fixture.ts'
import { SteadyClock } from '../../flow/steadyClock.ts'
import { SILENT } from './bindLog.ts'
import { UpstreamBind } from './upstreamBind.ts'

/**
 * An SMSC that records each message and when it arrived. The test may close its sessions, and may
 * choose a status other than ESME_ROK for any answer.
 */
export async function rememberingSmsc(statusFor: (nth: number) => number = () => ESME_ROK) {
  const taken: { destination: string; validityPeriod: string; atMs: number }[] = []
  const { port, sessions } = await startSmsc((session, pdu) => {
    const { destination_addr: destination, validity_period: validityPeriod } = pdu
    taken.push({ destination, validityPeriod, atMs: performance.now() })
    session.respond(pdu, statusFor(taken.length), { message_id: String(taken.length) })
  })
  return { port, sessions, taken }
}

/** An envelope whose destinations are `prefix` followed by 1000, 1001 and so on. */
export function envelopeOf(count: number, lane: Lane = 'normal', prefix = '3161234'): Envelope {
  const messages = Array.from({ length: count }, (_, index) => ({
    messageId: newMessageId(),
    account: 'demo',
    user: 'demo',
    acceptedAtMs: 1,
    attempts: 0,
    body: encodeBody('submit_sm', { destination_addr: `${prefix}${1000 + index}` }),
    registeredDelivery: 1,
  }))
  return { envelopeId: newMessageId(), connector: 'sim', lane, messages }
}

export function entryOf(envelope: Envelope, { id = '1', receives = 1 } = {}): QueueEntry {
  const queue = submitQueue(envelope.connector, envelope.lane)
  return { id, queue, payload: encodeEnvelope(envelope), receives }
}

/** Queues in memory that deliver each entry once. */
export function memoryQueues(entries: QueueEntry[]) {
  const settled: [string, Settlement['kind']][] = []
  const wakes: (() => void)[] = []
  const unused = () => Promise.reject(new Error('these queues do not support publish'))
  const polled: PolledQueue = {
    reclaim: async () => undefined,
    receive: async (name, max) => {
      const taken = entries.filter((one) => one.queue === name).slice(0, max)
      for (const one of taken) entries.splice(entries.indexOf(one), 1)
      return taken
    },
    onWake: (_, listener) => {
      wakes.push(listener)
      return () => undefined
    },
  }
  const queue: Queue = {
    publish: unused,
    receive: polled.receive,
    subscribe: (name, options) => {
      // A test may have replaced `receive`.
      const receive: Queue['receive'] = (...wanted) => queue.receive(...wanted)
      return pollingSubscription({ ...polled, receive }, name, options)
    },
    extend: async () => undefined,
    settle: async (some: readonly SettledEntry[]) => {
      for (const { entry, settlement } of some) settled.push([entry.id, settlement.kind])
    },
  }
  const add = (entry: QueueEntry): void => {
    entries.push(entry)
    for (const wake of wakes) wake()
  }
  return { add, queue, settled }
}

export interface WorkSettings {
  queue: Queue
  tps: number
  burst?: number
  window?: number
  claim?: Partial<ClaimedEnvelope>
  maxResubmissions?: number
  responseTimeoutMs?: number
  ownership?: SubmitLaneOptions['ownership']
  /** The array that receives the events of all outcomes. */
  outcomes?: JournalEvent[]
  caresFor?: () => boolean
}

/** The claim of an envelope that no worker claimed before. */
export const UNTOUCHED: ClaimedEnvelope = {
  owner: 'test',
  outcomes: Buffer.alloc(0),
  unanswered: Buffer.alloc(0),
  takeovers: 0,
  hasBegun: true,
  isTakenOver: false,
}

/** The claim of an envelope that another worker released with this checkpoint. */
export function claimOf({ outcomes, unanswered }: Checkpoint): ClaimedEnvelope {
  return { ...UNTOUCHED, outcomes, unanswered }
}

/** An ownership that grants every claim, with the state of the envelope's last checkpoint. */
export function ownsAll(
  claim: Partial<ClaimedEnvelope> = {},
  checkpoints: ReadonlyMap<string, Checkpoint> = new Map(),
): SubmitLaneOptions['ownership'] {
  return {
    claim: async (id, begins) => {
      const checkpoint = checkpoints.get(id)
      const before = checkpoint ? claimOf(checkpoint) : UNTOUCHED
      return { kind: 'claimed', ...before, hasBegun: begins, ...claim }
    },
    isHeld: () => true,
    letGo: () => undefined,
    retryHeldMs: 1_000,
  }
}

/**
 * Starts the work for the connector `sim` over one bind to the port. The work stops when the test
 * ends.
 */
export function startWork(port: number, settings: WorkSettings) {
  const { queue, caresFor = () => false, claim, outcomes = [], ...more } = settings
  const checkpoints = new Map<string, Checkpoint>()
  const { ownership = ownsAll(claim, checkpoints), ...connectorSettings } = more
  let connector = connectorSchema.parse({
    id: 'sim',
    host: '127.0.0.1',
    port,
    systemId: 's',
    password: 'p',
    throttlePauseMs: 1,
    window: 100,
    ...connectorSettings,
  })
  const recent = new RecentSubmissions()
  const clock = new SteadyClock()
  const onTrouble = () => undefined // lost links are expected
  const store: OutcomeStore = {
    keep: async (rows) => {
      for (const row of rows) checkpoints.set(row.envelopeId, row)
      return new Set(rows.map(({ envelopeId }) => envelopeId))
    },
    publish: async (publications) => {
      for (const { payload } of publications) {
        const entry = decodeJournal(payload)
        if (entry.kind === 'events') outcomes.push(...entry.events)
      }
    },
  }
  const work = new ConnectorWork({
    connector: () => connector,
    queue,
    queueLeaseMs: 60_000,
    writer: new OutcomeWriter(store, onTrouble),
    recent,
    clock,
    caresFor,
    confirmedAtMs: () => Date.now(),
    ownership,
    finishEnvelopes: async () => undefined,
    onTrouble,
  })
  const bind = new UpstreamBind({
    connector,
    slot: 1,
    password: () => 'p',
    heldUntilMs: performance.now() + 60_000,
    onDeliver: () => undefined,
    onChange: () => work.wake(),
    events: SILENT,
  })
  work.setPace(connector.tps)
  work.setBinds([bind])
  const stop = async (): Promise<void> => {
    work.stop()
    await bind.close('the test is over')
    await work.close()
  }
  onTestFinished(stop)
  /** Changes settings of the connector, as an operator would. */
  const change = (changed: Partial<Connector>): void => {
    connector = { ...connector, ...changed }
    bind.adjust(connector)
    work.setPace(connector.tps)
  }
  return { bind, change, clock, events: outcomes, recent, stop, work }
}
