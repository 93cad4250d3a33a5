import { setImmediate } from 'node:timers/promises'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { userSchema } from '../../platform/user.ts'
import { QueryRefused } from '../../database/database.ts'
import { newMessageId } from '../../message/ids.ts'
import {
  encodeBody,
  ESME_ROK,
  ESME_RSYSERR,
  ESME_RX_P_APPN,
  ESME_RX_T_APPN,
  INTERFACE_VERSION,
} from '../../smpp/index.ts'
import type { RequestOutcome, Session } from '../../smpp/index.ts'
import type { Claim, ClaimedDeliveries, OutboxDemand } from '../../outbox/outboxTable.ts'
import type { ClaimOutcome } from '../../outbox/settlementTable.ts'
import { BindRegistry } from './bindRegistry.ts'
import { OutboxDelivery, type OutboxDeliveryOptions } from './outboxDelivery.ts'

type Answer = (outcome: RequestOutcome) => void
const DELIVER_SM = encodeBody('deliver_sm', { short_message: Buffer.from('id:1 stat:DELIVRD') })
const running: OutboxDelivery[] = []

afterEach(async () => {
  await Promise.all(running.splice(0).map((delivery) => delivery.stop()))
})

/** A receiver with a window, whose answers the test gives by hand. */
function receiver(
  windowSize: number,
  interfaceVersion = 0x34,
  onBody = () => undefined as unknown,
) {
  const answers: Answer[] = []
  const bodies: Buffer[] = []
  let free = windowSize
  const session = {
    interfaceVersion,
    canSend: () => true,
    get windowFree() {
      return free
    },
    requestBody: (_: string, body: Buffer, onOutcome: Answer) => {
      if (free === 0) return undefined
      free--
      bodies.push(body)
      onBody()
      answers.push((outcome) => {
        free++
        onOutcome(outcome)
      })
      return bodies.length
    },
  }
  // As much of a session as the delivery uses.
  return { answers, bodies, session: session as unknown as Session }
}

function response(commandStatus: number): RequestOutcome {
  const pdu = {
    command: 'deliver_sm_resp' as const,
    command_status: commandStatus,
    sequence_number: 1,
    message_id: '',
    tlvs: [],
  }
  return { kind: 'response', pdu }
}

/** An outbox in memory: chunks go out once, settlements are remembered. */
function outboxOf(count: number, { user = 'u', perChunk = 1 } = {}) {
  const chunks: ClaimedDeliveries[] = []
  for (let left = count; left > 0; left -= perChunk) {
    const deliveries = Array.from({ length: Math.min(perChunk, left) }, () => ({
      messageId: newMessageId(),
      deliverSm: DELIVER_SM,
    }))
    const id = String(chunks.length + 1)
    chunks.push({ id, kind: 'chunk', account: 'demo', user, attempts: 1, deliveries })
  }
  const settled: ClaimOutcome[] = []
  const claims: number[] = []
  const outbox = {
    reclaim: async () => undefined,
    claim: async (demands: readonly OutboxDemand[]): Promise<Claim> => {
      const fitting = demands.find((one) => one.user === undefined || one.user === user)
      claims.push(fitting?.room ?? 0)
      const claimed: ClaimedDeliveries[] = []
      for (let room = fitting?.room ?? 0; room > 0 && chunks[0];) {
        const [chunk] = chunks.splice(0, 1)
        if (chunk) claimed.push(chunk)
        room -= chunk?.deliveries.length ?? 0
      }
      return { claimed, unreadable: [], isComplete: true }
    },
    settle: async (outcomes: readonly ClaimOutcome[]) => void settled.push(...outcomes),
  }
  return { chunks, claims, outbox, settled }
}

function chunkOf(user: string, count: number): ClaimedDeliveries {
  const deliveries = Array.from({ length: count }, () => ({
    messageId: newMessageId(),
    deliverSm: DELIVER_SM,
  }))
  return { id: newMessageId(), kind: 'chunk', account: 'demo', user, attempts: 1, deliveries }
}

/** By chunk, how many deliveries ended in which way. */
function endsOf(settled: readonly ClaimOutcome[]) {
  return settled.map(({ acknowledged, id, putBack, refused, retry }) => ({
    id,
    acknowledged: acknowledged.length,
    refused: refused.map(({ commandStatus }) => commandStatus),
    retry: retry.length,
    putBack: putBack.length,
  }))
}

const NOTHING = { acknowledged: 0, refused: [], retry: 0, putBack: 0 }

function deliveryFrom(
  outbox: ReturnType<typeof outboxOf>['outbox'],
  sessions: Session[],
  options: Partial<OutboxDeliveryOptions> = {},
) {
  const { binds = new BindRegistry() } = options
  const user = userSchema.parse({ id: 'u', account: 'demo', password: 'x' })
  for (const [index, session] of sessions.entries())
    binds.add({ session, user: index === 2 ? { ...user, id: 'other' } : user })
  const delivery = new OutboxDelivery({
    outbox,
    binds,
    sharesReceipts: () => false,
    responseTimeoutMs: 1000,
    onTrouble: (what, error) => {
      throw new Error(what, { cause: error })
    },
    ...options,
  })
  running.push(delivery)
  delivery.wake()
  return { binds, delivery }
}

test('twice as much is claimed as there is room for, and answers make room', async () => {
  const { chunks, claims, outbox, settled } = outboxOf(10)
  const { answers, bodies, session } = receiver(2)
  deliveryFrom(outbox, [session])
  await expect.poll(() => bodies.length).toBe(2)
  expect(claims[0]).toBe(4)
  expect(chunks).toHaveLength(6)
  answers[0]?.(response(ESME_ROK))
  expect(bodies).toHaveLength(3)
  await expect.poll(() => endsOf(settled)).toEqual([{ ...NOTHING, id: '1', acknowledged: 1 }])
})

test('a window that is answered stays full without waiting for a claim', async () => {
  const { outbox, settled } = outboxOf(1000, { perChunk: 50 })
  const { answers, session } = receiver(10)
  deliveryFrom(outbox, [session])
  await expect.poll(() => answers.length).toBe(10)
  for (let answered = 0; answered < 1000; answered++) {
    await expect.poll(() => answers.length).toBeGreaterThan(answered)
    answers[answered]?.(response(ESME_ROK))
  }
  await expect.poll(() => settled).toHaveLength(20)
  expect(endsOf(settled)).toMatchObject(settled.map(() => ({ acknowledged: 50, putBack: 0 })))
})

test('the answer decides: acknowledged, refused for good, or again', async () => {
  const { outbox, settled } = outboxOf(4, { perChunk: 4 })
  const { answers, session } = receiver(4)
  deliveryFrom(outbox, [session])
  await expect.poll(() => answers.length).toBe(4)
  answers[0]?.(response(ESME_ROK))
  answers[1]?.(response(ESME_RX_P_APPN))
  answers[2]?.(response(ESME_RX_T_APPN))
  expect(settled).toEqual([])
  answers[3]?.({ kind: 'timeout' })
  await expect
    .poll(() => endsOf(settled))
    .toEqual([{ id: '1', acknowledged: 1, refused: [ESME_RX_P_APPN], retry: 2, putBack: 0 }])
  expect(settled[0]?.retry.every(({ delayMs }) => delayMs > 0)).toBe(true)
})

test('what was under way on a link that closed comes again at once, alone', async () => {
  const { outbox, settled } = outboxOf(2, { perChunk: 2 })
  const { answers, session } = receiver(2)
  const { binds } = deliveryFrom(outbox, [session])
  await expect.poll(() => answers.length).toBe(2)
  binds.remove(session)
  for (const answer of answers) answer({ kind: 'closed' })
  await expect.poll(() => endsOf(settled)).toMatchObject([{ retry: 2, putBack: 0 }])
  expect(settled[0]?.retry.map(({ delayMs }) => delayMs)).toEqual([0, 0])
})

test('a delivery whose link closed four times waits before its next attempt', async () => {
  const { chunks, outbox, settled } = outboxOf(2)
  const [third, fourth] = chunks.splice(0)
  if (!third || !fourth) throw new Error('two were asked for')
  chunks.push({ ...third, kind: 'row', attempts: 3 }, { ...fourth, kind: 'row', attempts: 4 })
  const { answers, session } = receiver(2)
  const { binds } = deliveryFrom(outbox, [session])
  await expect.poll(() => answers.length).toBe(2)
  binds.remove(session)
  for (const answer of answers) answer({ kind: 'closed' })
  await expect.poll(() => settled).toHaveLength(2)
  expect(settled.map(({ retry }) => (retry[0]?.delayMs ?? 0) > 0)).toEqual([false, true])
})

test('when the last receiver leaves, what waits is put back for other gateways', async () => {
  const { outbox, settled } = outboxOf(5, { perChunk: 5 })
  const { answers, session } = receiver(2)
  const { binds } = deliveryFrom(outbox, [session])
  await expect.poll(() => answers.length).toBe(2)
  binds.remove(session)
  answers[0]?.(response(ESME_ROK))
  answers[1]?.({ kind: 'closed' })
  await expect
    .poll(() => endsOf(settled))
    .toEqual([{ ...NOTHING, id: '1', acknowledged: 1, retry: 1, putBack: 3 }])
})

test('what a slow customer has not taken after two seconds is put back', async () => {
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
  // It took something lately, so that the next claim comes at once; then it takes nothing.
  nowMs = 2_600
  vi.advanceTimersByTime(1_000)
  answers[1]?.({ kind: 'timeout' })
  answers[2]?.(response(ESME_ROK))
  await expect
    .poll(() => endsOf(settled))
    .toEqual([{ ...NOTHING, id: '1', acknowledged: 2, retry: 1, putBack: 2 }])
})

test('nothing is claimed for a customer that has a full window and answers nothing', async () => {
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

test('after a pause longer than the lease allows, nothing of it is sent', async () => {
  let nowMs = 0
  const { outbox, settled } = outboxOf(4, { perChunk: 4 })
  const { answers, bodies, session } = receiver(2)
  deliveryFrom(outbox, [session], { now: () => nowMs })
  await expect.poll(() => answers.length).toBe(2)
  // The process was stopped; its timers have not run yet.
  nowMs = 15_000
  answers[0]?.(response(ESME_ROK))
  answers[1]?.(response(ESME_ROK))
  expect(bodies).toHaveLength(2)
  await expect.poll(() => endsOf(settled)).toMatchObject([{ acknowledged: 2, putBack: 2 }])
})

test('a stop settles what was answered and puts back the rest', async () => {
  const { outbox, settled } = outboxOf(5, { perChunk: 5 })
  const { answers, session } = receiver(2)
  const { binds, delivery } = deliveryFrom(outbox, [session])
  await expect.poll(() => answers.length).toBe(2)
  // The sessions close first.
  binds.remove(session)
  answers[0]?.(response(ESME_ROK))
  answers[1]?.({ kind: 'closed' })
  await delivery.stop()
  expect(endsOf(settled)).toEqual([{ ...NOTHING, id: '1', acknowledged: 1, retry: 1, putBack: 3 }])
})

test('a delivery that cannot be sent is refused alone, and reported', async () => {
  const { chunks, outbox, settled } = outboxOf(3, { perChunk: 3 })
  const [chunk] = chunks.splice(0)
  if (!chunk) throw new Error('three deliveries are one chunk')
  const deliveries = chunk.deliveries.map((delivery, index) =>
    index === 1 ? { ...delivery, deliverSm: Buffer.of(1) } : delivery,
  )
  chunks.push({ ...chunk, deliveries })
  const { answers, bodies, session } = receiver(3, INTERFACE_VERSION.V3_3)
  const troubles: string[] = []
  deliveryFrom(outbox, [session], { onTrouble: (what) => void troubles.push(what) })
  await expect.poll(() => bodies.length).toBe(2)
  for (const answer of answers) answer(response(ESME_ROK))
  await expect
    .poll(() => endsOf(settled))
    .toEqual([{ ...NOTHING, id: '1', acknowledged: 2, refused: [ESME_RSYSERR] }])
  expect(troubles).toEqual(['delivering to u failed'])
})

test('without a receiver nothing is claimed', () => {
  const { claims, outbox } = outboxOf(1)
  deliveryFrom(outbox, [])
  expect(claims).toEqual([])
})

test('the receiver with most room is served first', async () => {
  const { outbox } = outboxOf(3)
  const narrow = receiver(1)
  const wide = receiver(3)
  deliveryFrom(outbox, [narrow.session, wide.session])
  await expect.poll(() => narrow.bodies.length + wide.bodies.length).toBe(3)
  expect(wide.bodies.length).toBeGreaterThanOrEqual(2)
})

test('receipts go to the user who submitted, though another one has more room', async () => {
  const { outbox } = outboxOf(3)
  const [full, own, others] = [receiver(0), receiver(3), receiver(100)]
  deliveryFrom(outbox, [full.session, own.session, others.session])
  await expect.poll(() => own.bodies.length).toBe(3)
  expect(others.bodies).toEqual([])
})

test('an account may let any of its users take them', async () => {
  const { claims, outbox } = outboxOf(3, { user: 'never bound' })
  const [full, own, others] = [receiver(0), receiver(1), receiver(100)]
  deliveryFrom(outbox, [full.session, own.session, others.session], {
    sharesReceipts: () => true,
  })
  await expect.poll(() => others.bodies.length).toBe(3)
  expect(claims[0]).toBe(202)
})

test('customers who take nothing keep nobody else from being served', async () => {
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

test('a claim that reached its limit goes on after the user that it served first', async () => {
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

test('a claim that another process was in the way of is not repeated at once', async () => {
  const { claims, outbox } = outboxOf(0)
  const { claim } = outbox
  outbox.claim = async (demands) => ({ ...(await claim(demands)), isComplete: false })
  deliveryFrom(outbox, [receiver(1).session])
  await expect.poll(() => claims.length).toBe(1)
  for (let turn = 0; turn < 20; turn++) await setImmediate()
  expect(claims).toHaveLength(1)
})

test('a stop waits for a claim that is under way, and puts back what it brings', async () => {
  const { outbox, settled } = outboxOf(3, { perChunk: 3 })
  const { claim } = outbox
  let answer: () => void = () => undefined
  const answered = new Promise<void>((resolve) => (answer = resolve))
  outbox.claim = async (demands) => {
    await answered
    return claim(demands)
  }
  const { session } = receiver(1)
  const { binds, delivery } = deliveryFrom(outbox, [session])
  binds.remove(session)
  const stopped = delivery.stop()
  answer()
  await stopped
  expect(endsOf(settled)).toEqual([{ ...NOTHING, id: '1', putBack: 3 }])
})

test('a settlement that the database refuses for good holds up no other', async () => {
  const { outbox, settled } = outboxOf(3)
  const { settle } = outbox
  outbox.settle = async (outcomes) => {
    if (outcomes.some(({ id }) => id === '2'))
      throw new QueryRefused('a value is missing', '23502', { cause: undefined })
    return settle(outcomes)
  }
  const { answers, session } = receiver(3)
  const troubles: string[] = []
  deliveryFrom(outbox, [session], { onTrouble: (what) => void troubles.push(what) })
  await expect.poll(() => answers.length).toBe(3)
  for (const answer of answers) answer(response(ESME_ROK))
  await expect.poll(() => endsOf(settled).map(({ id }) => id)).toEqual(['1', '3'])
  expect(troubles).toEqual(['settling chunk 2 was refused'])
})
