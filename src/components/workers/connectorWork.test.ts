import { expect, test, vi } from 'vitest'
import { upstreamId } from '../../message/ids.ts'
import { decodeReceipts, type UpstreamReceipt } from '../../message/receiptWire.ts'
import { connectorSchema } from '../../platform/connector.ts'
import type { Publication, QueueEntry } from '../../queue/queue.ts'
import { entryOf, envelopeOf, memoryQueues, startWork } from './connectorWork.fixture.ts'
import { claimOf, rememberingSmsc, UNTOUCHED } from './connectorWork.fixture.ts'
import type { WorkSettings } from './connectorWork.fixture.ts'
import { EnvelopeWork } from './envelopeWork.ts'
import { decodeBody, encodeBody, ESME_ROK } from '../../smpp/index.ts'
import type { Session } from '../../smpp/index.ts'
import { ReceiptIntake, receiptSource } from './receiptIntake.ts'
import { startSmsc } from './smsc.fixture.ts'

const SMSC = { id: 'sim', host: '127.0.0.1', port: 2775, systemId: 's', password: 'p' }

function workOn(port: number, entry: QueueEntry, tps: number, more: Partial<WorkSettings> = {}) {
  const { queue, settled } = memoryQueues([entry])
  const { recent, work } = startWork(port, { queue, tps, ...more })
  return { recent, settled, work }
}

test('messages with an outcome in the checkpoint are not sent again', async () => {
  const { port, taken } = await rememberingSmsc()
  const envelope = envelopeOf(4)
  const before = new EnvelopeWork(envelope, UNTOUCHED)
  for (const index of [0, 2])
    before.record(index, { kind: 'submitted', atMs: 1, upstreamId: upstreamId('x') })
  const { settled } = workOn(port, entryOf(envelope, { receives: 2 }), 1000, {
    claim: claimOf(before.checkpoint(new Set([0, 2]), false)),
  })
  await expect.poll(() => settled, { timeout: 5000 }).toEqual([['1', 'done']])
  expect(taken.map(({ destination }) => destination)).toEqual(['31612341001', '31612341003'])
})

test('the SMSC never receives more messages in a second than the pace allows', async () => {
  const { port, taken } = await rememberingSmsc()
  const { settled } = workOn(port, entryOf(envelopeOf(25)), 10)
  await expect.poll(() => settled, { timeout: 10_000 }).toEqual([['1', 'done']])
  expect(taken).toHaveLength(25)
  // The eleventh message is sent one second after the first. Transit delays may shorten the gap.
  for (const [index, { atMs }] of taken.entries()) {
    const tenBefore = taken[index - 10]
    if (tenBefore) expect(atMs - tenBefore.atMs).toBeGreaterThan(700)
  }
})

test('messages that were unanswered when the link was lost are sent again', async () => {
  const { port, sessions, taken } = await rememberingSmsc()
  const { settled } = workOn(port, entryOf(envelopeOf(30)), 20)
  await expect.poll(() => taken.length, { timeout: 5000 }).toBeGreaterThan(5)
  for (const session of sessions) session.close('test')
  await expect.poll(() => settled.length, { timeout: 10_000 }).toBeGreaterThan(0)
  const destinations = new Set(taken.map(({ destination }) => destination))
  if (settled[0]?.[1] === 'done') expect(destinations.size).toBe(30)
  else expect(settled[0]?.[1]).toBe('retry')
})

test('a malformed message fails alone, and the rest of its envelope is sent', async () => {
  const { port, taken } = await rememberingSmsc()
  const envelope = envelopeOf(3)
  const unreadable = { ...envelope.messages[1], body: Buffer.from('no submit_sm') }
  const messages = envelope.messages.map((one, index) =>
    index === 1 ? { ...one, ...unreadable } : one,
  )
  const { settled } = workOn(port, entryOf({ ...envelope, messages }), 1000)
  await expect.poll(() => settled, { timeout: 5000 }).toEqual([['1', 'done']])
  expect(taken.map(({ destination }) => destination)).toEqual(['31612341000', '31612341002'])
})

test('the submission time of a message is the time of its write, not of its answer', async () => {
  let takenAtMs = 0
  let answer: () => void = () => undefined
  const { port } = await startSmsc((session, pdu) => {
    takenAtMs = Date.now()
    answer = () => session.respond(pdu, ESME_ROK, { message_id: '7' })
  })
  const { recent, settled } = workOn(port, entryOf(envelopeOf(1)), 1000)
  await expect.poll(() => takenAtMs, { timeout: 5000 }).toBeGreaterThan(0)
  await expect.poll(() => Date.now()).toBeGreaterThan(takenAtMs + 1)
  answer()
  await expect.poll(() => settled, { timeout: 5000 }).toEqual([['1', 'done']])
  // A receipt may match if it arrived at most five seconds before the submission. If the submission
  // time were the time of the answer, this receipt would have arrived too early.
  const receivedAtMs = takenAtMs - 5_000
  expect(recent.find({ connector: 'sim', key: '7', destination: '', receivedAtMs })).toBeDefined()
})

test('a receipt is matched with its message even after the wall clock was set back', async () => {
  const { port, taken } = await rememberingSmsc()
  const { queue, settled } = memoryQueues([entryOf(envelopeOf(1))])
  const { clock, recent } = startWork(port, { queue, tps: 1000 })
  await expect.poll(() => settled, { timeout: 5000 }).toEqual([['1', 'done']])
  vi.spyOn(Date, 'now').mockReturnValue(Date.now() - 3_600_000)
  const published: UpstreamReceipt[] = []
  const publish = async (publications: readonly Publication[]) => {
    for (const { payload } of publications) published.push(...decodeReceipts(payload))
    return publications.map(() => ({ kind: 'durable' }) as const)
  }
  const intake = new ReceiptIntake({ ...queue, publish }, recent, clock, () => undefined)
  const connector = connectorSchema.parse(SMSC)
  const source = receiptSource(() => connector, 1)
  const short_message = Buffer.from(`id:${taken.length} stat:DELIVRD`)
  const body = encodeBody('deliver_sm', { esm_class: 4, short_message })
  const header = { command: 'deliver_sm', command_status: 0, sequence_number: 1 } as const
  const session = { respond: () => undefined } as unknown as Session // only respond() is used
  intake.take(source(), session, { ...header, ...decodeBody('deliver_sm', body) })
  await intake.whenIdle()
  expect(published[0]?.message).toBeDefined()
})
