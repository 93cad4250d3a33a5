import { expect, test } from 'vitest'
import { pack } from '../../message/msgpackWire.ts'
import { LANES, type Lane } from '../../message/lane.ts'
import type { QueueEntry } from '../../queue/queue.ts'
import { ESME_ROK, ESME_RTHROTTLED } from '../../smpp/index.ts'
import { entryOf, envelopeOf, memoryQueues, ownsAll, startWork } from './connectorWork.fixture.ts'
import { rememberingSmsc } from './connectorWork.fixture.ts'

const PREFIXES: Readonly<Record<Lane, string>> = { high: '31601', normal: '31602', bulk: '31603' }

/** An entry of the lane. The destination prefix of its messages identifies the lane. */
function entryIn(lane: Lane, count: number, id: string = lane): QueueEntry {
  return entryOf(envelopeOf(count, lane, PREFIXES[lane]), { id })
}

/** The lanes of the messages in the order in which the SMSC received them. */
function lanesOf(taken: readonly { destination: string }[]): Lane[] {
  return taken.flatMap(({ destination }) =>
    LANES.filter((lane) => destination.startsWith(PREFIXES[lane])),
  )
}

function repeated(lane: Lane, count: number): Lane[] {
  return Array.from({ length: count }, () => lane)
}

test('an envelope of a newer release is left to other workers, and the next is sent', async () => {
  const { port, taken } = await rememberingSmsc()
  const newer = { ...entryOf(envelopeOf(1), { id: 'newer' }), payload: pack(['E', 99, {}]) }
  const next = entryOf(envelopeOf(1), { id: 'next' })
  const { queue, settled } = memoryQueues([newer, next])
  startWork(port, { queue, tps: 100 })
  await expect.poll(() => settled.length, { timeout: 5000 }).toBe(2)
  expect(new Map(settled)).toEqual(
    new Map([
      ['newer', 'retry'],
      ['next', 'done'],
    ]),
  )
  expect(taken).toHaveLength(1)
})

test('messages of the high lane are sent first, then the normal lane, then bulk', async () => {
  const { port, taken } = await rememberingSmsc()
  const { queue, settled } = memoryQueues([
    entryIn('bulk', 5),
    entryIn('normal', 5),
    entryIn('high', 5),
  ])
  startWork(port, { queue, tps: 10 })
  await expect.poll(() => settled.length, { timeout: 5000 }).toBe(3)
  const [high, normal, bulk] = LANES.map((lane) => repeated(lane, 5))
  expect(lanesOf(taken)).toEqual([high, normal, bulk].flat())
})

test('the normal and bulk lanes get their share even if the high lane is never empty', async () => {
  const { port, taken } = await rememberingSmsc()
  const { queue } = memoryQueues([entryIn('bulk', 5), entryIn('normal', 5)])
  let envelopes = 0
  const { receive } = queue
  queue.receive = async (name, max, leaseMs) => {
    if (!name.endsWith('.high')) return receive(name, max, leaseMs)
    return Array.from({ length: max }, () => entryIn('high', 25, `high-${++envelopes}`))
  }
  startWork(port, { queue, tps: 48 })
  await expect.poll(() => taken.length, { timeout: 5000 }).toBeGreaterThanOrEqual(48)
  const sent = lanesOf(taken)
  for (const start of [0, 16, 32]) {
    const share = sent.slice(start, start + 16)
    expect(share).toContain('bulk')
    expect(share).toContain('normal')
    expect(share.filter((lane) => lane === 'high').length).toBeGreaterThanOrEqual(13)
  }
})

test('a backlog in one lane does not prevent receiving messages of another lane', async () => {
  const { port, taken } = await rememberingSmsc()
  const { add, queue } = memoryQueues([entryIn('bulk', 200)])
  startWork(port, { queue, tps: 10 })
  await expect.poll(() => taken.length, { timeout: 5000 }).toBeGreaterThanOrEqual(10)
  add(entryIn('high', 1))
  await expect.poll(() => lanesOf(taken).includes('high'), { timeout: 5000 }).toBe(true)
  expect(lanesOf(taken).indexOf('high')).toBeLessThanOrEqual(20)
})

test('a throttled message is sent again before the other messages of its lane', async () => {
  const throttled = new Set([1, 4])
  const { port, taken } = await rememberingSmsc((nth) =>
    throttled.has(nth) ? ESME_RTHROTTLED : ESME_ROK,
  )
  const { queue, settled } = memoryQueues([entryIn('normal', 2), entryIn('high', 2)])
  startWork(port, { queue, tps: 100, window: 1 })
  await expect.poll(() => settled.length, { timeout: 5000 }).toBe(2)
  expect(taken.map(({ destination }) => destination)).toEqual([
    '316011000',
    '316011000',
    '316011001',
    '316021000',
    '316021000',
    '316021001',
  ])
})

test('without a link the envelopes of all lanes return to the queue immediately', async () => {
  const { port, sessions } = await rememberingSmsc()
  const { queue, settled } = memoryQueues(LANES.map((lane) => entryIn(lane, 5)))
  let received = 0
  const { receive } = queue
  queue.receive = async (...claim) => {
    const entries = await receive(...claim)
    received += entries.length
    return entries
  }
  startWork(port, { queue, tps: 1 })
  await expect.poll(() => received, { timeout: 5000 }).toBe(3)
  for (const session of sessions) session.close('test')
  await expect.poll(() => settled.length, { timeout: 5000 }).toBe(3)
  expect(Object.fromEntries(settled)).toEqual({ high: 'retry', normal: 'retry', bulk: 'retry' })
})

test('an envelope that arrives after the stop is not sent and returns to the queue', async () => {
  const { port, taken } = await rememberingSmsc()
  const { queue, settled } = memoryQueues([])
  let arrive: (entries: QueueEntry[]) => void = () => undefined
  const late = new Promise<QueueEntry[]>((resolve) => (arrive = resolve))
  queue.receive = (name) => (name.endsWith('.high') ? late : Promise.resolve([]))
  const { bind, stop, work } = startWork(port, { queue, tps: 1000 })
  await expect.poll(() => bind.bound && work.pace > 0, { timeout: 5000 }).toBe(true)
  work.stop()
  arrive([entryIn('high', 3)])
  await new Promise((resolve) => setImmediate(resolve))
  await stop()
  expect(settled).toEqual([['high', 'retry']])
  expect(taken).toEqual([])
})

test('an envelope that is finished or that another process owns is not sent', async () => {
  const { port, taken } = await rememberingSmsc()
  const [finished, held, ours] = ['finished', 'held', 'ours'].map((id) => ({
    id,
    envelope: envelopeOf(1),
  }))
  const all = [finished, held, ours].flatMap((one) => one ?? [])
  const { queue, settled } = memoryQueues(all.map(({ id, envelope }) => entryOf(envelope, { id })))
  const ownership = {
    ...ownsAll(),
    claim: async (envelopeId: string) => {
      const id = all.find((one) => one.envelope.envelopeId === envelopeId)?.id
      if (id === 'finished' || id === 'held') return { kind: id } as const
      return ownsAll().claim(envelopeId, true)
    },
  }
  startWork(port, { queue, tps: 100, ownership })
  await expect.poll(() => settled.length, { timeout: 5000 }).toBe(3)
  expect(Object.fromEntries(settled)).toEqual({ finished: 'done', held: 'retry', ours: 'done' })
  expect(taken).toHaveLength(1)
})

test('letGo is called for each settled envelope, with true if it was not finished', async () => {
  const { port, sessions } = await rememberingSmsc()
  const [done, open] = [envelopeOf(1), envelopeOf(3)]
  const { queue, settled } = memoryQueues([entryOf(done, { id: '1' }), entryOf(open, { id: '2' })])
  const letGo: [string, boolean][] = []
  const ownership = { ...ownsAll(), letGo: (...one: [string, boolean]) => void letGo.push(one) }
  startWork(port, { queue, tps: 1, ownership })
  await expect.poll(() => settled.length, { timeout: 5000 }).toBe(1)
  for (const session of sessions) session.close('test')
  await expect.poll(() => settled.length, { timeout: 5000 }).toBe(2)
  expect(letGo).toEqual([
    [done.envelopeId, false],
    [open.envelopeId, true],
  ])
})

test('nothing is sent while the ownership of the envelopes is in doubt', async () => {
  const { port, taken } = await rememberingSmsc()
  const { queue, settled } = memoryQueues([entryIn('normal', 5)])
  let isHeld = true
  const { bind, work } = startWork(port, {
    queue,
    tps: 1,
    ownership: { ...ownsAll(), isHeld: () => isHeld },
  })
  await expect.poll(() => taken.length, { timeout: 5000 }).toBe(1)
  isHeld = false
  // The next message is due by this time.
  const dueMs = performance.now() + 1_100
  await expect.poll(() => performance.now(), { timeout: 5000 }).toBeGreaterThan(dueMs)
  work.wake()
  expect(bind.unanswered).toBe(0)
  expect(taken).toHaveLength(1)
  isHeld = true
  work.wake()
  await expect.poll(() => taken.length, { timeout: 5000 }).toBe(2)
  expect(settled).toEqual([])
})

test('envelopes that now belong to another process return to the queue immediately', async () => {
  const { port, taken } = await rememberingSmsc()
  const { queue, settled } = memoryQueues([entryIn('normal', 5)])
  const { work } = startWork(port, { queue, tps: 1 })
  await expect.poll(() => taken.length, { timeout: 5000 }).toBe(1)
  work.abandon()
  await expect.poll(() => settled, { timeout: 5000 }).toEqual([['normal', 'retry']])
})

test('an envelope with an unreadable checkpoint is left to other processes', async () => {
  const { port, taken } = await rememberingSmsc()
  const envelope = envelopeOf(2)
  const { queue, settled } = memoryQueues([entryOf(envelope)])
  const letGo: [string, boolean][] = []
  const ownership = {
    ...ownsAll({ outcomes: Buffer.from('of another version') }),
    letGo: (...one: [string, boolean]) => void letGo.push(one),
  }
  startWork(port, { queue, tps: 100, ownership })
  await expect.poll(() => settled, { timeout: 5000 }).toEqual([['1', 'retry']])
  expect(letGo).toEqual([[envelope.envelopeId, true]])
  expect(taken).toEqual([])
})
