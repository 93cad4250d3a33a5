// Tests the platform with data that the database refuses, with unreadable envelopes, without its
// partitions and on a full disk. Only the faulty item is set aside, everything else is processed,
// and the operator is notified.

import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { DLR_QUEUE, encodeReceipts, type UpstreamReceipt } from '../src/message/receiptWire.ts'
import { encodeEnvelope, submitQueue } from '../src/queue/envelopeWire.ts'
import type { EnvelopeMessage } from '../src/message/messageWire.ts'
import { encodeEvents, JOURNAL_QUEUE, type JournalEvent } from '../src/message/journalWire.ts'
import { pack } from '../src/message/msgpackWire.ts'
import { type MessageId, newMessageId, upstreamId } from '../src/message/ids.ts'
import { encodeBody, ESME_ROK, ESME_RTHROTTLED, MESSAGE_STATE, tlv } from '../src/smpp/index.ts'
import type { Customer } from './customer.ts'
import { FullDisk } from './fullDisk.ts'
import { ScriptedPlatform } from './scriptedPlatform.ts'

const PATIENCE_MS = 30_000
const SUBMIT_QUEUE = submitQueue('north', 'normal')

let platform: ScriptedPlatform
beforeAll(async () => void (platform = await ScriptedPlatform.start()))
afterAll(() => platform.stop())

let numbers = 0
function newDestination(): string {
  return `316${String(20_000_000 + numbers++)}`
}

function idOf(destination: string): string {
  return `id-${destination}`
}

/** Submits a message and resolves when the SMSC has accepted it under `idOf(destination)`. */
async function submitted(destination = newDestination()) {
  platform.smsc.script = (taken) => taken.answer(idOf(taken.destination))
  // The message_id in the answer of the gateway is a MessageId.
  const messageId = (await platform.customer.submit(destination)) as MessageId
  await vi.waitUntil(() => platform.smsc.takenFor(destination).length > 0, PATIENCE_MS)
  return { destination, messageId }
}

async function publish(queue: string, payloads: readonly Buffer[]): Promise<void> {
  // A single statement, so that the payloads are received as one batch.
  const text = `insert into queue_envelopes (queue, payload, messages)
    select $1, payload, 1 from unnest($2::bytea[]) as payload`
  await platform.database.pool.query(text, [queue, payloads])
}

/**
 * Expects that `culprits` envelopes have been set aside since the count was `before`, that no other
 * envelope waits, and that the metric and the log report them.
 */
async function expectSetAside(queue: string, culprits: number, before: number): Promise<void> {
  await vi.waitUntil(async () => (await setAside(queue)) === before + culprits, PATIENCE_MS)
  await platform.untilSettled()
  expect(await setAside(queue)).toBe(before + culprits)
  const shown = () => platform.metric('exporters', 'dead_letters', `queue="${queue}"`)
  await vi.waitUntil(async () => (await shown()) === before + culprits, PATIENCE_MS)
  await vi.waitUntil(
    () => platform.stack.stderr().includes(`an envelope of ${queue} was set aside`),
    PATIENCE_MS,
  )
}

function setAside(queue: string): Promise<number> {
  return platform.count(`select count(*) from dead_letters where queue = '${queue}'`)
}

function receiptOf(destination: string, error: string): UpstreamReceipt {
  return {
    connector: 'north',
    upstreamId: upstreamId(idOf(destination)),
    destination: '',
    messageState: MESSAGE_STATE.DELIVERED,
    error,
    receivedAtMs: Date.now(),
    message: undefined,
  }
}

function messageOf(messageId: MessageId, destination: string): EnvelopeMessage {
  return {
    messageId,
    account: 'bank',
    user: 'bank',
    acceptedAtMs: Date.now(),
    attempts: 0,
    body: encodeBody('submit_sm', { destination_addr: destination }),
    registeredDelivery: 1,
  }
}

async function expectDelivered(messages: readonly { messageId: string }[]): Promise<void> {
  for (const { messageId } of messages) {
    expect((await platform.trace(messageId)).state).toBe('DELIVERED')
    expect(platform.customer.stats(messageId)).toEqual(['DELIVRD'])
  }
}

/** Expects an ordinary message to be delivered from end to end. */
async function expectTraffic(): Promise<void> {
  const message = await submitted()
  const [bind] = platform.smsc.bindsOf('north')
  if (!bind) throw new Error('no bind')
  const sent = { id: idOf(message.destination), stat: 'DELIVRD' }
  expect(await platform.smsc.receipt(bind, sent)).toBe(ESME_ROK)
  await platform.untilSettled()
  await expectDelivered([message])
}

test('receipts with NUL and eight-bit octets are matched, and none is set aside', async () => {
  const before = await platform.count('select count(*) from dead_letters')
  const messages = [await submitted(), await submitted(), await submitted()]
  const [inText, inTlv, inPayload] = messages.map(({ destination }) => idOf(destination))
  const [bind] = platform.smsc.bindsOf('north')
  if (!bind || !inText || !inTlv || !inPayload) throw new Error('no bind')
  const text = Buffer.from(`id:${inPayload}\0 stat:DELIVRD err:\0\xff text:\xfe\0`, 'latin1')
  const receipts = [
    { id: `${inText}\0pad`, stat: 'DELIVRD', err: '0\x001\xff' },
    { id: '\0', stat: 'DELIVRD', fields: { tlvs: [tlv('receipted_message_id', inTlv)] } },
    {
      id: '',
      stat: '',
      fields: { short_message: Buffer.alloc(0), tlvs: [tlv('message_payload', text)] },
    },
  ]
  for (const one of receipts) expect(await platform.smsc.receipt(bind, one)).toBe(ESME_ROK)
  await platform.untilSettled()
  await expectDelivered(messages)
  // This receipt contains nothing but NUL, so it has no id.
  expect(await platform.smsc.receipt(bind, { id: '\0', stat: '\0', err: '\0' })).toBe(ESME_ROK)
  await platform.untilSettled()
  expect(await platform.count('select count(*) from dead_letters')).toBe(before)
})

test('a receipt that the database refuses is set aside without its batch', async () => {
  const before = await setAside(DLR_QUEUE)
  const messages = []
  for (let i = 0; i < 6; i++) messages.push(await submitted())
  const victim = await submitted()
  await platform.untilSettled()
  const receipts = messages.map(({ destination }) => receiptOf(destination, '000'))
  const culprit = receiptOf(victim.destination, 'NUL\0')
  await publish(DLR_QUEUE, [
    encodeReceipts(receipts.slice(0, 2)),
    encodeReceipts([...receipts.slice(2, 4), culprit, ...receipts.slice(4, 5)]),
    encodeReceipts(receipts.slice(5)),
  ])
  await expectSetAside(DLR_QUEUE, 1, before)
  await expectDelivered(messages)
  expect((await platform.trace(victim.messageId)).state).toBe('ENROUTE')
})

test('a journal event that the database refuses is set aside without its batch', async () => {
  const before = await setAside(JOURNAL_QUEUE)
  const ends = ['gone', 'NUL\0', 'gone'].map((reason): [JournalEvent, MessageId] => {
    const destination = newDestination()
    const message = messageOf(newMessageId(), destination)
    const event = { kind: 'failed', connector: 'north', atMs: Date.now() } as const
    return [{ ...event, message, commandStatus: 8, reason }, message.messageId]
  })
  const other = messageOf(newMessageId(), newDestination())
  await publish(JOURNAL_QUEUE, [
    encodeEvents(ends.map(([event]) => event)),
    encodeEnvelope(envelopeOf([other])),
  ])
  await expectSetAside(JOURNAL_QUEUE, 1, before)
  for (const [{ message }] of [ends[0], ends[2]].flatMap((end) => (end ? [end] : []))) {
    expect((await platform.trace(message.messageId)).state).toBe('UNDELIVERABLE')
    expect(platform.customer.stats(message.messageId)).toEqual(['UNDELIV'])
  }
  expect((await platform.trace(other.messageId)).state).toBe('ENROUTE')
})

function envelopeOf(messages: EnvelopeMessage[]) {
  return { envelopeId: newMessageId(), connector: 'north', lane: 'normal' as const, messages }
}

test.each([JOURNAL_QUEUE, DLR_QUEUE, SUBMIT_QUEUE])(
  'unreadable envelopes of %s are set aside, and traffic continues',
  async (queue) => {
    const before = await setAside(queue)
    const unreadable = [
      Buffer.alloc(0),
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.from([1]),
      Buffer.from([0xc0]),
      Buffer.concat([Buffer.from([0xc1]), randomBytes(64)]),
      pack(['E', 0, 'id', 'north', 'normal', []]),
      pack(['E', 1, newMessageId(), 'north', 'normal', 7]),
      pack(['E', 1, newMessageId(), 'north', 'normal', [7, null]]),
      pack(['E', 1, newMessageId(), 'north', 'normal', [['id', 'bank', 'bank', 1, 0, null, 1]]]),
      pack(['E', 1, 'no uuid', 'north', 'normal', []]),
      pack(['D', 1, [null]]),
      pack(['J', 1, [[0, null]]]),
    ]
    await publish(queue, unreadable)
    await expectTraffic()
    await expectSetAside(queue, unreadable.length, before)
  },
)

test('envelopes of a newer release stay on their queues, and traffic continues', async () => {
  const before = await platform.count('select count(*) from dead_letters')
  const newer = [
    [JOURNAL_QUEUE, pack(['J', 99, {}])],
    [DLR_QUEUE, pack(['D', 99, {}])],
    [SUBMIT_QUEUE, pack(['E', 99, {}])],
  ] as const
  for (const [queue, payload] of newer) await publish(queue, [payload])
  const waiting = 'select count(*) from queue_envelopes where receives > 0'
  await vi.waitUntil(async () => (await platform.count(waiting)) >= newer.length, PATIENCE_MS)
  const { destination, messageId } = await submitted()
  const [bind] = platform.smsc.bindsOf('north')
  if (!bind) throw new Error('no bind')
  const sent = { id: idOf(destination), stat: 'DELIVRD' }
  expect(await platform.smsc.receipt(bind, sent)).toBe(ESME_ROK)
  await vi.waitUntil(() => platform.customer.stats(messageId).length > 0, PATIENCE_MS)
  const payloads = newer.map(([, payload]) => payload)
  const { rowCount } = await platform.database.pool.query(
    'delete from queue_envelopes where payload = any($1::bytea[])',
    [payloads],
  )
  expect(rowCount).toBe(newer.length)
  await platform.untilSettled()
  expect(await platform.count('select count(*) from dead_letters')).toBe(before)
})

test('one undecodable message is set aside; the rest of its envelope is sent', async () => {
  const before = await setAside(JOURNAL_QUEUE)
  const destinations = [newDestination(), newDestination(), newDestination()]
  const messages = destinations.map((destination) => messageOf(newMessageId(), destination))
  const [, culprit] = messages
  if (culprit) culprit.body = culprit.body.subarray(0, 7)
  platform.smsc.script = (taken) => taken.answer(idOf(taken.destination))
  const payload = encodeEnvelope(envelopeOf(messages))
  // The router publishes each envelope to both queues.
  await publish(SUBMIT_QUEUE, [payload])
  await publish(JOURNAL_QUEUE, [payload])
  // Two journal entries of this message cannot be written: that it was accepted, and that it
  // failed.
  await expectSetAside(JOURNAL_QUEUE, 2, before)
  const [first = '', second = '', third = ''] = destinations
  expect(platform.smsc.takenFor(first)).toHaveLength(1)
  expect(platform.smsc.takenFor(second)).toHaveLength(0)
  expect(platform.smsc.takenFor(third)).toHaveLength(1)
  for (const index of [0, 2]) {
    const trace = await platform.trace(messages[index]?.messageId ?? '')
    expect(trace.steps.map(({ step }) => step)).toEqual(['accepted', 'submitted'])
  }
})

test('missing partitions are created again, and nothing is set aside', async () => {
  const before = await platform.count('select count(*) from dead_letters')
  platform.smsc.script = (taken) => {
    taken.answer(idOf(taken.destination))
    void platform.smsc.receipt(taken.session, { id: idOf(taken.destination), stat: 'DELIVRD' })
  }
  const wave = () => Array.from({ length: 200 }, () => platform.customer.submit(newDestination()))
  const early = wave()
  const { rows } = await platform.database.pool.query<{ name: string }>(
    `select inhrelid::regclass::text as name from pg_inherits where inhparent = any
      ('{messages,upstream_ids,outbox_acknowledged}'::regclass[])`,
  )
  for (const { name } of rows) await platform.database.pool.query(`drop table ${name}`)
  const late = await Promise.all(wave())
  await Promise.all(early)
  await vi.waitUntil(() => late.every((id) => platform.customer.stats(id).length > 0), PATIENCE_MS)
  await platform.untilSettled()
  await expectDelivered(late.map((messageId) => ({ messageId })))
  expect(await platform.count('select count(*) from dead_letters')).toBe(before)
})

const NO_ANSWER = { commandStatus: -1, messageId: '' }

/** Submits messages without a pause, `atATime` of them in parallel, and records the answers. */
class Flow {
  readonly accepted: string[] = []
  readonly statuses = new Map<number, number>()
  #isEnding = false
  #lanes: Promise<void>[]

  constructor(customer: Customer, atATime: number) {
    this.#lanes = Array.from({ length: atATime }, () => this.#lane(customer))
  }

  async end(): Promise<void> {
    this.#isEnding = true
    await Promise.all(this.#lanes)
  }

  async #lane(customer: Customer): Promise<void> {
    while (!this.#isEnding) {
      const answer = customer.attempt(newDestination(), 1, LONG_TEXT)
      const { commandStatus, messageId } = await answer.catch(() => NO_ANSWER)
      this.statuses.set(commandStatus, (this.statuses.get(commandStatus) ?? 0) + 1)
      if (commandStatus === ESME_ROK) this.accepted.push(messageId)
      if (commandStatus === NO_ANSWER.commandStatus) return
    }
  }
}

const LONG_TEXT = Buffer.alloc(200, 'x')
const DISK_MB = 300
const mayMount = process.getuid?.() === 0 || process.env['CI'] === 'true'

test('a full disk causes temporary refusals and loses no accepted message', async ({ skip }) => {
  skip(!mayMount, 'only root may create the small disk that this test fills')
  const disk = new FullDisk(DISK_MB)
  const full = await ScriptedPlatform.start({ home: disk.folder })
  // Stopping the platform needs free space, and the disk can be removed only after that.
  onTestFinished(async () => {
    disk.free()
    await full.stop()
    disk.remove()
  })
  const { customer, smsc, stack } = full
  smsc.script = (taken, place) => {
    taken.answer(`UP-${place}`)
    void smsc.receiptUntilTaken('north', { id: `UP-${place}`, stat: 'DELIVRD' })
  }
  const { postgres: _, exporters, ...before } = stack.pids()
  const flow = new Flow(customer, 20)
  await vi.waitUntil(() => flow.accepted.length > 500, PATIENCE_MS)

  disk.fill()
  await vi.waitUntil(() => (flow.statuses.get(ESME_RTHROTTLED) ?? 0) > 20, 2 * PATIENCE_MS)
  await vi.waitUntil(() => stack.stderr().includes('is full'), PATIENCE_MS)
  // `up` cannot record the new processes on the full disk, but it starts them nevertheless.
  for (const name of ['exporters', 'postgres']) {
    stack.kill(name)
    await vi.waitUntil(() => stack.stderr().includes(name), PATIENCE_MS)
  }

  const acceptedBefore = flow.accepted.length
  disk.free()
  await vi.waitUntil(() => flow.accepted.length > acceptedBefore + 500, 2 * PATIENCE_MS)
  await flow.end()
  await vi.waitUntil(() => stack.stderr().includes('has free space again'), PATIENCE_MS)
  const isTold = (id: string) => customer.stats(id).length > 0
  await vi.waitUntil(() => flow.accepted.every(isTold), { timeout: 120_000, interval: 500 })
  await full.untilSettled()
  expect(new Set(flow.statuses.keys())).toEqual(new Set([ESME_ROK, ESME_RTHROTTLED]))
  expect(customer.closed).toBeUndefined()
  expect(stack.pids()).toMatchObject(before)
  expect(stack.pidOf('exporters')).not.toBe(exporters)
  expect(await full.count('select count(*) from dead_letters')).toBe(0)
  for (const id of flow.accepted) expect(new Set(customer.stats(id))).toEqual(new Set(['DELIVRD']))
})
