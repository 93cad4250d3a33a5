// Messages that the SMSC never answers, or that break the link each time they are sent.

import { expect, onTestFinished, test } from 'vitest'
import type { QueueEntry } from '../../queue/queue.ts'
import type { JournalEvent } from '../../message/journalWire.ts'
import { ESME_ROK, ESME_RTHROTTLED } from '../../smpp/index.ts'
import type { Pdu, Session } from '../../smpp/index.ts'
import {
  entryOf,
  envelopeOf,
  memoryQueues,
  rememberingSmsc,
  startWork,
} from './connectorWork.fixture.ts'
import { startSmsc } from './smsc.fixture.ts'

const ODD = '31612341000'
const POLL = { timeout: 20_000 }

/** An SMSC that handles each submission with `act`. The first submission is number 1. */
async function smscThat(act: (nth: number, session: Session, pdu: Pdu<'submit_sm'>) => void) {
  let count = 0
  return startSmsc((session, pdu) => act(++count, session, pdu))
}

/** An SMSC that answers every destination except ODD, for which it calls `odd` instead. */
async function smscWithout(odd: (close: () => void) => void) {
  const taken: string[] = []
  const { port } = await startSmsc((session, pdu) => {
    taken.push(pdu.destination_addr)
    if (pdu.destination_addr === ODD) return odd(() => session.close('cut'))
    session.respond(pdu, ESME_ROK, { message_id: String(taken.length) })
  })
  const times = (destination: string) => taken.filter((one) => one === destination).length
  return { port, taken, times }
}

function reasonsOf(outcomes: readonly JournalEvent[]): string[] {
  return outcomes.flatMap((event) => (event.kind === 'failed' ? [event.reason] : []))
}

/** Whether the message waits for a later attempt. False if it was resubmitted immediately. */
function waitsForAnother(event: JournalEvent): boolean {
  return event.kind === 'deferred' && event.dueAtMs > event.atMs
}

/** Adds other messages for the same SMSC, a few at a time, until the end of the test. */
function keepAdding(add: (entry: QueueEntry) => void): void {
  let count = 0
  const timer = setInterval(() => {
    const id = `other-${++count}`
    add(entryOf(envelopeOf(2, 'normal', '3163888'), { id }))
  }, 50)
  onTestFinished(() => clearInterval(timer))
}

test('a message without an answer fails after its last resubmission', async () => {
  const { port, times } = await smscWithout(() => undefined)
  const { add, queue, settled } = memoryQueues([entryOf(envelopeOf(20))])
  const outcomes: JournalEvent[] = []
  const more = { maxResubmissions: 2, responseTimeoutMs: 1_000, outcomes }
  const { work } = startWork(port, { queue, tps: 1_000, ...more })
  keepAdding(add)
  await expect.poll(() => settled, POLL).toContainEqual(['1', 'done'])
  expect(times(ODD)).toBe(3)
  expect(reasonsOf(outcomes)).toEqual(['the SMSC answered none of 3 submissions'])
  expect(work.figures.resubmitted).toEqual({ no_answer: 2, link_lost: 0, taken_over: 0 })
  expect(work.figures.outcomes.failed).toBe(1)
})

test('a message that breaks the link each time fails, and all others are sent', async () => {
  const { port, taken, times } = await smscWithout((close) => close())
  const { add, queue, settled } = memoryQueues([])
  const outcomes: JournalEvent[] = []
  const envelopes = [envelopeOf(20), envelopeOf(20, 'normal', '3162999')]
  const entries = envelopes.map((one, index) => entryOf(one, { id: String(index) }))
  // An envelope that is released without a link is delivered again.
  const { settle } = queue
  queue.settle = async (some) => {
    await settle(some)
    for (const { entry, settlement } of some) if (settlement.kind === 'retry') add(entry)
  }
  const { work } = startWork(port, { queue, tps: 1_000, outcomes })
  for (const entry of entries) add(entry)
  keepAdding(add)
  const done = () => settled.flatMap(([id, kind]) => (kind === 'done' ? [id] : []))
  await expect.poll(done, POLL).toEqual(expect.arrayContaining(['0', '1']))
  expect(times(ODD)).toBe(4)
  // When an envelope is delivered again, its events are published again.
  expect(new Set(reasonsOf(outcomes))).toEqual(new Set(['the SMSC answered none of 4 submissions']))
  expect(new Set(taken.filter((one) => !one.startsWith('3163888'))).size).toBe(40)
  expect(work.figures.resubmitted.link_lost).toBeGreaterThanOrEqual(3)
})

test('messages do not fail if the SMSC cuts each link at the first submission', async () => {
  let isBack = false
  const { port } = await smscThat((nth, session, pdu) => {
    if (isBack) session.respond(pdu, ESME_ROK, { message_id: String(nth) })
    else session.close('cut')
  })
  const { add, queue, settled } = memoryQueues([entryOf(envelopeOf(20))])
  const { settle } = queue
  queue.settle = async (some) => {
    await settle(some)
    for (const { entry, settlement } of some) if (settlement.kind === 'retry') add(entry)
  }
  const outcomes: JournalEvent[] = []
  const { bind, work } = startWork(port, { queue, tps: 1_000, maxResubmissions: 1, outcomes })
  await expect.poll(() => work.figures.outcomes.deferred, POLL).toBeGreaterThan(0)
  isBack = true
  await expect.poll(() => settled.filter(([, kind]) => kind === 'done').length, POLL).toBe(1)
  expect(outcomes.filter(({ kind }) => kind === 'failed')).toEqual([])
  await expect.poll(() => bind.bound, POLL).toBe(true)
})

test('messages do not fail if the SMSC answers nothing for a while', async () => {
  const { port } = await smscThat(() => undefined)
  const { queue, settled } = memoryQueues([entryOf(envelopeOf(5))])
  const outcomes: JournalEvent[] = []
  const more = { maxResubmissions: 1, responseTimeoutMs: 1_000, outcomes }
  startWork(port, { queue, tps: 1_000, ...more })
  await expect.poll(() => settled, POLL).toEqual([['1', 'done']])
  expect(outcomes).toHaveLength(10)
  expect(outcomes.filter(waitsForAnother)).toHaveLength(5)
})

test('each repeated submission is reported before the message has an outcome', async () => {
  const { port } = await smscThat((nth, session, pdu) => {
    if (nth === 3) session.respond(pdu, ESME_ROK, { message_id: 'at last' })
  })
  const { queue, settled } = memoryQueues([entryOf(envelopeOf(1))])
  const outcomes: JournalEvent[] = []
  startWork(port, { queue, tps: 1_000, responseTimeoutMs: 1_000, outcomes })
  await expect.poll(() => outcomes.length, POLL).toBe(1)
  expect(settled).toEqual([])
  await expect.poll(() => settled, POLL).toEqual([['1', 'done']])
  const [first, second, last] = outcomes
  expect(first).toMatchObject({ kind: 'deferred', commandStatus: 0, repeats: { unanswered: 1 } })
  expect(second).toMatchObject({ kind: 'deferred', commandStatus: 0, repeats: { unanswered: 2 } })
  expect([first, second].some((event) => event && waitsForAnother(event))).toBe(false)
  expect(last).toMatchObject({ kind: 'submitted', repeats: { unanswered: 2 } })
})

test('throttled submissions are reported only with the outcome', async () => {
  const { port } = await rememberingSmsc((nth) => (nth < 7 ? ESME_RTHROTTLED : ESME_ROK))
  const { queue, settled } = memoryQueues([entryOf(envelopeOf(2))])
  const outcomes: JournalEvent[] = []
  startWork(port, { queue, tps: 1_000, window: 1, outcomes })
  await expect.poll(() => settled, POLL).toEqual([['1', 'done']])
  expect(outcomes).toHaveLength(2)
  const told = outcomes.map(({ kind, repeats }) => [kind, repeats?.throttled])
  expect(told).toEqual(
    expect.arrayContaining([
      ['deferred', 5],
      ['submitted', 1],
    ]),
  )
})

test('a message accepted at the first submission reports no repeated submissions', async () => {
  const { port } = await rememberingSmsc()
  const { queue, settled } = memoryQueues([entryOf(envelopeOf(3))])
  const outcomes: JournalEvent[] = []
  startWork(port, { queue, tps: 1_000, outcomes })
  await expect.poll(() => settled, POLL).toEqual([['1', 'done']])
  expect(outcomes.map(({ kind, repeats }) => [kind, repeats])).toEqual(
    Array.from({ length: 3 }, () => ['submitted', undefined]),
  )
})

test('messages are deferred, not failed, after several takeovers from dead workers', async () => {
  const { port, taken } = await smscWithout(() => undefined)
  const { queue, settled } = memoryQueues([entryOf(envelopeOf(5))])
  const outcomes: JournalEvent[] = []
  startWork(port, { queue, tps: 1_000, claim: { takeovers: 4, isTakenOver: true }, outcomes })
  await expect.poll(() => settled, POLL).toEqual([['1', 'done']])
  expect(outcomes.map(({ kind }) => kind)).toEqual(Array.from({ length: 5 }, () => 'deferred'))
  expect(taken).toEqual([])
})

test('a message that waited is submitted once more despite its earlier submissions', async () => {
  const { port, times } = await smscWithout(() => undefined)
  const envelope = envelopeOf(1)
  const messages = envelope.messages.map((one) => ({ ...one, unanswered: 9 }))
  const { queue, settled } = memoryQueues([entryOf({ ...envelope, messages })])
  startWork(port, { queue, tps: 1_000, maxResubmissions: 2, responseTimeoutMs: 1_000 })
  await expect.poll(() => settled, POLL).toEqual([['1', 'done']])
  expect(times(ODD)).toBe(1)
})
