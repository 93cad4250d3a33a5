import { expect, onTestFinished, test } from 'vitest'
import { encodeEnvelope, type Envelope } from '../../queue/envelopeWire.ts'
import { connectorSchema } from '../../platform/connector.ts'
import { newMessageId, upstreamId } from '../../message/ids.ts'
import type { Queue, QueueEntry, SettledEntry, Settlement } from '../../queue/queue.ts'
import { encodeBody, ESME_ROK } from '../../smpp/index.ts'
import { ConnectorWork } from './connectorWork.ts'
import { EnvelopeWork } from './envelopeWork.ts'
import { OutcomeWriter } from './outcomeWriter.ts'
import { RecentSubmissions } from './recentSubmissions.ts'
import { startSmsc } from './smsc.fixture.ts'
import { UpstreamBind } from './upstreamBind.ts'

/** An SMSC that remembers what came and when; the test may close its links. */
async function smsc() {
  const taken: { destination: string; atMs: number }[] = []
  const { port, sessions } = await startSmsc((session, pdu) => {
    taken.push({ destination: pdu.destination_addr, atMs: performance.now() })
    session.respond(pdu, ESME_ROK, { message_id: String(taken.length) })
  })
  return { port, sessions, taken }
}

function envelopeOf(count: number): Envelope {
  const messages = Array.from({ length: count }, (_, index) => ({
    messageId: newMessageId(),
    account: 'demo',
    user: 'demo',
    acceptedAtMs: 1,
    attempts: 0,
    body: encodeBody('submit_sm', { destination_addr: `3161234${1000 + index}` }),
    registeredDelivery: 1,
  }))
  return { envelopeId: newMessageId(), connector: 'sim', lane: 'normal', messages }
}

/** A queue that gives out the envelopes it was made with, once each. */
function queueOf(entries: QueueEntry[]) {
  const settled: [string, Settlement['kind']][] = []
  const unused = () => Promise.reject(new Error('not used here'))
  const queue: Queue = {
    publish: unused,
    publishOnce: unused,
    reclaim: async () => undefined,
    receive: async (_, max) => entries.splice(0, max),
    extend: async () => undefined,
    settle: async (entries: readonly SettledEntry[]) => {
      for (const { entry, settlement } of entries) settled.push([entry.id, settlement.kind])
    },
    onWake: () => () => undefined,
  }
  return { queue, settled }
}

function workOn(port: number, entries: QueueEntry[], tps: number, checkpoint?: Buffer) {
  const connector = connectorSchema.parse({
    id: 'sim',
    host: '127.0.0.1',
    port,
    systemId: 's',
    password: 'p',
    window: 100,
    tps,
  })
  const { queue, settled } = queueOf(entries)
  const recent = new RecentSubmissions()
  const onTrouble = () => undefined // links that end are part of it
  const store = { keep: async () => undefined, publish: async () => undefined }
  const work = new ConnectorWork({
    connector: () => connector,
    queueName: 'submit.sim.normal',
    queue,
    queueLeaseMs: 60_000,
    writer: new OutcomeWriter(store, onTrouble),
    recent,
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
  work.setBinds([bind])
  onTestFinished(async () => {
    work.stop()
    await bind.close()
    await work.close()
  })
  return { recent, settled }
}

function entry(envelope: Envelope, receives = 1): QueueEntry {
  return { id: '1', queue: 'submit.sim.normal', payload: encodeEnvelope(envelope), receives }
}

test('an envelope that comes again is sent only where its checkpoint has no outcome', async () => {
  const { port, taken } = await smsc()
  const envelope = envelopeOf(4)
  const before = new EnvelopeWork(envelope)
  for (const index of [0, 2])
    before.record(index, { kind: 'submitted', atMs: 1, upstreamId: upstreamId('x') })
  const { settled } = workOn(port, [entry(envelope, 2)], 1000, before.checkpoint())
  await expect.poll(() => settled, { timeout: 5000 }).toEqual([['1', 'done']])
  expect(taken.map(({ destination }) => destination)).toEqual(['31612341001', '31612341003'])
})

test('no more than the pace is sent in any second, as the SMSC sees it', async () => {
  const { port, taken } = await smsc()
  const { settled } = workOn(port, [entry(envelopeOf(25))], 10)
  await expect.poll(() => settled, { timeout: 10_000 }).toEqual([['1', 'done']])
  expect(taken).toHaveLength(25)
  // The eleventh waits for the first to be a second old; the way here may take from that.
  for (const [index, { atMs }] of taken.entries()) {
    const tenBefore = taken[index - 10]
    if (tenBefore) expect(atMs - tenBefore.atMs).toBeGreaterThan(700)
  }
})

test('what was unanswered when the link was lost is sent again, and the loop goes on', async () => {
  const { port, sessions, taken } = await smsc()
  const { settled } = workOn(port, [entry(envelopeOf(30))], 20)
  await expect.poll(() => taken.length, { timeout: 5000 }).toBeGreaterThan(5)
  for (const session of sessions) session.close('test')
  await expect.poll(() => settled.length, { timeout: 10_000 }).toBeGreaterThan(0)
  const destinations = new Set(taken.map(({ destination }) => destination))
  if (settled[0]?.[1] === 'done') expect(destinations.size).toBe(30)
  else expect(settled[0]?.[1]).toBe('retry')
})

test('a message that cannot be read fails alone, and the rest of its envelope goes', async () => {
  const { port, taken } = await smsc()
  const envelope = envelopeOf(3)
  const unreadable = { ...envelope.messages[1], body: Buffer.from('no submit_sm') }
  const messages = envelope.messages.map((one, index) =>
    index === 1 ? { ...one, ...unreadable } : one,
  )
  const { settled } = workOn(port, [entry({ ...envelope, messages })], 1000)
  await expect.poll(() => settled, { timeout: 5000 }).toEqual([['1', 'done']])
  expect(taken.map(({ destination }) => destination)).toEqual(['31612341000', '31612341002'])
})

test('a message counts as submitted when it was written, not when it was answered', async () => {
  let takenAtMs = 0
  let answer: () => void = () => undefined
  const { port } = await startSmsc((session, pdu) => {
    takenAtMs = Date.now()
    answer = () => session.respond(pdu, ESME_ROK, { message_id: '7' })
  })
  const { recent, settled } = workOn(port, [entry(envelopeOf(1))], 1000)
  await expect.poll(() => takenAtMs, { timeout: 5000 }).toBeGreaterThan(0)
  await expect.poll(() => Date.now()).toBeGreaterThan(takenAtMs + 1)
  answer()
  await expect.poll(() => settled, { timeout: 5000 }).toEqual([['1', 'done']])
  // The earliest receipt that may be about it: five seconds before the write, by its clock.
  const receivedAtMs = takenAtMs - 5_000
  expect(recent.find({ connector: 'sim', key: '7', destination: '', receivedAtMs })).toBeDefined()
})
