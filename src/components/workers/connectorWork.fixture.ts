import { onTestFinished } from 'vitest'
import type { Lane } from '../../message/lane.ts'
import { encodeEnvelope, type Envelope, submitQueue } from '../../queue/envelopeWire.ts'
import { connectorSchema } from '../../platform/connector.ts'
import { newMessageId } from '../../message/ids.ts'
import type { Queue, QueueEntry, SettledEntry, Settlement } from '../../queue/queue.ts'
import { encodeBody, ESME_ROK } from '../../smpp/index.ts'
import { ConnectorWork } from './connectorWork.ts'
import { OutcomeWriter } from './outcomeWriter.ts'
import { RecentSubmissions } from './recentSubmissions.ts'
import { startSmsc } from './smsc.fixture.ts'
import { SteadyClock } from '../../flow/steadyClock.ts'
import { UpstreamBind } from './upstreamBind.ts'

/**
 * An SMSC that remembers what came and when. The test may close its links, and may answer a
 * submission with another status than ESME_ROK.
 */
export async function rememberingSmsc(statusFor: (nth: number) => number = () => ESME_ROK) {
  const taken: { destination: string; atMs: number }[] = []
  const { port, sessions } = await startSmsc((session, pdu) => {
    taken.push({ destination: pdu.destination_addr, atMs: performance.now() })
    session.respond(pdu, statusFor(taken.length), { message_id: String(taken.length) })
  })
  return { port, sessions, taken }
}

/** The messages of an envelope go to `prefix` and a number that starts at 1000. */
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

/** Queues in memory that give out each entry once. */
export function memoryQueues(entries: QueueEntry[]) {
  const settled: [string, Settlement['kind']][] = []
  const wakes: (() => void)[] = []
  const unused = () => Promise.reject(new Error('not used here'))
  const queue: Queue = {
    publish: unused,
    publishOnce: unused,
    reclaim: async () => undefined,
    receive: async (name, max) => {
      const taken = entries.filter((one) => one.queue === name).slice(0, max)
      for (const one of taken) entries.splice(entries.indexOf(one), 1)
      return taken
    },
    extend: async () => undefined,
    settle: async (some: readonly SettledEntry[]) => {
      for (const { entry, settlement } of some) settled.push([entry.id, settlement.kind])
    },
    onWake: (_, listener) => {
      wakes.push(listener)
      return () => undefined
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
  checkpoint?: Buffer
}

/** Works for the connector `sim` over one bind to the port, until the end of the test. */
export function startWork(
  port: number,
  { queue, tps, burst = 1, window = 100, checkpoint }: WorkSettings,
) {
  const connector = connectorSchema.parse({
    id: 'sim',
    host: '127.0.0.1',
    port,
    systemId: 's',
    password: 'p',
    throttlePauseMs: 1,
    window,
    tps,
    burst,
  })
  const recent = new RecentSubmissions()
  const clock = new SteadyClock()
  const onTrouble = () => undefined // links that end are part of it
  const store = { keep: async () => undefined, publish: async () => undefined }
  const work = new ConnectorWork({
    connector: () => connector,
    queue,
    queueLeaseMs: 60_000,
    writer: new OutcomeWriter(store, onTrouble),
    recent,
    clock,
    readCheckpoint: async () => checkpoint,
    removeCheckpoints: async () => undefined,
    onTrouble,
  })
  const bind = new UpstreamBind({
    connector,
    slot: 1,
    password: () => 'p',
    heldUntilMs: performance.now() + 60_000,
    onDeliver: () => undefined,
    onChange: () => work.wake(),
    onTrouble,
  })
  work.setPace(tps)
  work.setBinds([bind])
  const stop = async (): Promise<void> => {
    work.stop()
    await bind.close()
    await work.close()
  }
  onTestFinished(stop)
  return { bind, clock, recent, stop, work }
}
