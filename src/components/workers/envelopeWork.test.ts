import { expect, test } from 'vitest'
import type { Envelope } from '../../queue/envelopeWire.ts'
import type { EnvelopeMessage } from '../../message/messageWire.ts'
import { newMessageId, upstreamId } from '../../message/ids.ts'
import type { Outcome } from '../../message/outcomeWire.ts'
import { claimOf, UNTOUCHED } from './connectorWork.fixture.ts'
import { EnvelopeWork } from './envelopeWork.ts'

function message(): EnvelopeMessage {
  return {
    messageId: newMessageId(),
    account: 'demo',
    user: 'demo',
    acceptedAtMs: 1,
    attempts: 0,
    body: Buffer.from('body'),
    registeredDelivery: 1,
  }
}

const envelope: Envelope = {
  envelopeId: newMessageId(),
  connector: 'sim',
  lane: 'normal',
  messages: [message(), message(), message(), message()],
}
const submitted: Outcome = { kind: 'submitted', atMs: 5, upstreamId: upstreamId('77') }
const failed: Outcome = { kind: 'failed', atMs: 6, commandStatus: 0x45, reason: 'no' }
const deferred: Outcome = { kind: 'deferred', atMs: 7, commandStatus: 0x58, dueAtMs: 99 }

test('messages with an outcome in the checkpoint are not sent again', () => {
  const before = new EnvelopeWork(envelope, UNTOUCHED)
  before.record(0, submitted)
  before.record(2, failed)
  before.record(3, deferred)
  const after = new EnvelopeWork(envelope, claimOf(before.checkpoint(new Set([0, 2, 3]), false)))
  expect(after.remaining.map(([index]) => index)).toEqual([1])
  expect(after.outcomes()).toEqual(before.outcomes())
  after.record(1, submitted)
  expect(after.complete).toBe(false)
  after.keep([1])
  expect(after.complete).toBe(true)
})

test('the first outcome of a message is final', () => {
  const work = new EnvelopeWork(envelope, UNTOUCHED)
  expect(work.record(0, submitted)).toBe(true)
  expect(work.record(0, failed)).toBe(false)
  expect(work.outcomes()).toMatchObject([{ outcome: submitted }])
})

test('an envelope is settled as done when finished, and as a retry when released', async () => {
  const finished = new EnvelopeWork(envelope, UNTOUCHED)
  finished.finish()
  expect(await finished.settlement).toEqual({ kind: 'done' })
  const released = new EnvelopeWork(envelope, UNTOUCHED)
  released.release()
  expect(await released.settlement).toEqual({ kind: 'retry', delayMs: 0 })
})

test('a checkpoint holds the durable and the given outcomes, but no newer outcomes', () => {
  const work = new EnvelopeWork(envelope, UNTOUCHED)
  for (const index of [0, 1, 2]) work.record(index, submitted)
  work.keep([0])
  const after = new EnvelopeWork(envelope, claimOf(work.checkpoint(new Set([1]), false)))
  expect(after.remaining.map(([index]) => index)).toEqual([2, 3])
})

test('an envelope with an outcome that cannot be stored is settled as dead', async () => {
  const work = new EnvelopeWork(envelope, UNTOUCHED)
  work.record(0, submitted)
  work.giveUp(0, 'refused')
  work.release()
  expect(await work.settlement).toEqual({ kind: 'dead', reason: 'refused' })
})

test('each takeover counts as one unanswered submission of each open message', () => {
  const work = new EnvelopeWork(envelope, { ...UNTOUCHED, takeovers: 2 })
  work.addUnanswered(1)
  expect(work.unanswered(0)).toBe(2)
  expect(work.unanswered(1)).toBe(3)
})
