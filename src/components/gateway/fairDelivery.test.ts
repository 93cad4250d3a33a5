import { setImmediate } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { userSchema } from '../../platform/user.ts'
import { ESME_ROK } from '../../smpp/index.ts'
import { BindRegistry } from './bindRegistry.ts'
import {
  chunkOf,
  deliveryFrom,
  endsOf,
  NOTHING,
  outboxOf,
  receiver,
  response,
} from './outboxDelivery.fixture.ts'

test('deliveries that a slow customer has not taken after two seconds are put back', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  let nowMs = 0
  const { claims, outbox, settled } = outboxOf(20, { perChunk: 5 })
  const { answers, session } = receiver(2)
  deliveryFrom(outbox, [session], { now: () => nowMs })
  await expect.poll(() => answers.length).toBe(2)
  nowMs = 1_900
  vi.advanceTimersByTime(1_000)
  answers[0]?.(response(ESME_ROK))
  expect(answers).toHaveLength(3)
  await expect.poll(() => claims).toEqual([4])
  // More than two seconds after the claim, the two deliveries that still wait are put back. Of the
  // two deliveries in progress, one gets no answer and is retried.
  nowMs = 2_600
  vi.advanceTimersByTime(1_000)
  answers[1]?.({ kind: 'timeout' })
  answers[2]?.(response(ESME_ROK))
  await expect
    .poll(() => endsOf(settled))
    .toEqual([{ ...NOTHING, id: '1', acknowledged: 2, retry: 1, putBack: 2 }])
})

test('nothing is claimed for a customer with a full window who answers nothing', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  let nowMs = 0
  const { claims, outbox } = outboxOf(20)
  const { answers, session } = receiver(2)
  const { delivery } = deliveryFrom(outbox, [session], { now: () => nowMs })
  await expect.poll(() => answers.length).toBe(2)
  nowMs = 2_000
  vi.advanceTimersByTime(1_000)
  await expect.poll(() => delivery.inHand).toBe(2)
  vi.advanceTimersByTime(5_000)
  delivery.wake()
  await setImmediate()
  expect(claims).toEqual([4])
})

test('if no receiver is bound, nothing is claimed', () => {
  const { claims, outbox } = outboxOf(1)
  deliveryFrom(outbox, [])
  expect(claims).toEqual([])
})

test('the receiver with the most free places in its window is served first', async () => {
  const { outbox } = outboxOf(3)
  const narrow = receiver(1)
  const wide = receiver(3)
  deliveryFrom(outbox, [narrow.session, wide.session])
  await expect.poll(() => narrow.bodies.length + wide.bodies.length).toBe(3)
  expect(wide.bodies.length).toBeGreaterThanOrEqual(2)
})

test('receipts go to the submitting user even if another user has more room', async () => {
  const { outbox } = outboxOf(3)
  const [full, own, others] = [receiver(0), receiver(3), receiver(100)]
  deliveryFrom(outbox, [full.session, own.session, others.session])
  await expect.poll(() => own.bodies.length).toBe(3)
  expect(others.bodies).toEqual([])
})

test('receipts go to any user of the account if the account allows it', async () => {
  const { claims, outbox } = outboxOf(3, { user: 'never bound' })
  const [full, own, others] = [receiver(0), receiver(1), receiver(100)]
  deliveryFrom(outbox, [full.session, own.session, others.session], {
    sharesReceipts: () => true,
  })
  await expect.poll(() => others.bodies.length).toBe(3)
  expect(claims[0]).toBe(202)
})

test('customers who take no deliveries do not block other customers', async () => {
  let nowMs = 0
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  const silent = Array.from({ length: 1500 }, (_, index) => `silent-${index}`)
  const left = new Map([...silent.map((user) => [user, 1] as const), ['healthy', 1]])
  const served = new Set<string>()
  const { outbox } = outboxOf(0)
  outbox.claim = async (demands) => {
    const users = demands.flatMap(({ user = '' }) => (left.get(user) ? [user] : [])).slice(0, 200)
    for (const user of users) left.delete(user)
    return {
      claimed: users.map((user) => chunkOf(user, 250)),
      unreadable: [],
      isComplete: users.length < 200,
    }
  }
  const binds = new BindRegistry()
  for (const user of [...silent, 'healthy'])
    binds.add({
      session: receiver(1, 0x34, () => served.add(user)).session,
      user: userSchema.parse({ id: user, account: 'demo', password: 'x' }),
    })
  const { delivery } = deliveryFrom(outbox, [], { binds, now: () => nowMs })
  for (const at of [0, 2_000, 4_000, 6_000]) {
    nowMs = at
    vi.advanceTimersByTime(1_000)
    delivery.wake()
    await setImmediate()
    await setImmediate()
  }
  await expect.poll(() => served.has('healthy')).toBe(true)
})

test('after an incomplete claim, the next claim starts after the user served first', async () => {
  const asked: string[][] = []
  const { outbox } = outboxOf(0)
  outbox.claim = async (demands) => {
    asked.push(demands.map(({ user = '' }) => user))
    const isFirst = asked.length === 1
    return { claimed: isFirst ? [chunkOf('b', 1)] : [], unreadable: [], isComplete: !isFirst }
  }
  const binds = new BindRegistry()
  for (const id of ['a', 'b', 'c', 'd'])
    binds.add({
      session: receiver(5).session,
      user: userSchema.parse({ id, account: 'demo', password: 'x' }),
    })
  deliveryFrom(outbox, [], { binds })
  await expect.poll(() => asked.length).toBeGreaterThan(1)
  expect(asked.slice(0, 2)).toEqual([
    ['a', 'b', 'c', 'd'],
    ['c', 'd', 'b'],
  ])
})

test('an incomplete claim that returned nothing is not repeated immediately', async () => {
  const { claims, outbox } = outboxOf(0)
  const { claim } = outbox
  outbox.claim = async (demands) => ({ ...(await claim(demands)), isComplete: false })
  deliveryFrom(outbox, [receiver(1).session])
  await expect.poll(() => claims.length).toBe(1)
  for (let turn = 0; turn < 20; turn++) await setImmediate()
  expect(claims).toHaveLength(1)
})
