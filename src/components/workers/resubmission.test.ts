// What becomes of messages that the SMSC never answers, or whose link breaks each time.

import { expect, test } from 'vitest'
import type { JournalEvent } from '../../message/journalWire.ts'
import { ESME_ROK } from '../../smpp/index.ts'
import { entryOf, envelopeOf, memoryQueues, startWork } from './connectorWork.fixture.ts'
import { startSmsc } from './smsc.fixture.ts'

const ODD = '31612341000'
const POLL = { timeout: 20_000 }

/** An SMSC that answers all but the odd destination, and may do something else instead. */
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

test('a message without an answer fails after its last resubmission', async () => {
  const { port, times } = await smscWithout(() => undefined)
  const { queue, settled } = memoryQueues([entryOf(envelopeOf(20))])
  const outcomes: JournalEvent[] = []
  const more = { maxResubmissions: 2, responseTimeoutMs: 1_000, outcomes }
  const { work } = startWork(port, { queue, tps: 1_000, ...more })
  await expect.poll(() => settled, POLL).toEqual([['1', 'done']])
  expect(times(ODD)).toBe(3)
  expect(reasonsOf(outcomes)).toEqual(['the SMSC answered none of 3 submissions'])
  expect(work.resubmitted).toEqual({ no_answer: 2, link_lost: 0, taken_over: 0 })
  expect(work.counters).toMatchObject({ submitted: 19, failed: 1 })
})

test('a message that breaks the link each time fails, and all others go', async () => {
  const { port, taken, times } = await smscWithout((close) => close())
  const { add, queue, settled } = memoryQueues([])
  const outcomes: JournalEvent[] = []
  const envelopes = [envelopeOf(20), envelopeOf(20, 'normal', '3162999')]
  const entries = envelopes.map((one, index) => entryOf(one, { id: String(index) }))
  // What is let go of without a link comes again.
  const { settle } = queue
  queue.settle = async (some) => {
    await settle(some)
    for (const { entry, settlement } of some) if (settlement.kind === 'retry') add(entry)
  }
  const { work } = startWork(port, { queue, tps: 1_000, outcomes })
  for (const entry of entries) add(entry)
  await expect.poll(() => settled.filter(([, kind]) => kind === 'done').length, POLL).toBe(2)
  expect(times(ODD)).toBe(4)
  // Events of an envelope that comes again are told again.
  expect(new Set(reasonsOf(outcomes))).toEqual(new Set(['the SMSC answered none of 4 submissions']))
  expect(new Set(taken).size).toBe(40)
  expect(work.resubmitted.link_lost).toBeGreaterThanOrEqual(taken.length - 40)
})
