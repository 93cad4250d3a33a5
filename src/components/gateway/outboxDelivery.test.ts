import { expect, test } from 'vitest'
import { QueryRefused } from '../../database/database.ts'
import {
  ESME_ROK,
  ESME_RSYSERR,
  ESME_RX_P_APPN,
  ESME_RX_T_APPN,
  INTERFACE_VERSION,
} from '../../smpp/index.ts'
import {
  deliveryFrom,
  endsOf,
  NOTHING,
  outboxOf,
  receiver,
  response,
} from './outboxDelivery.fixture.ts'

test('a claim takes twice the window size, and each answer allows the next delivery', async () => {
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

test('while a customer answers, its window stays full without waiting for a claim', async () => {
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

test('the answer decides whether a delivery is acknowledged, refused or retried', async () => {
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

test('unanswered deliveries are retried without delay when their link closes', async () => {
  const { outbox, settled } = outboxOf(2, { perChunk: 2 })
  const { answers, session } = receiver(2)
  const { binds } = deliveryFrom(outbox, [session])
  await expect.poll(() => answers.length).toBe(2)
  binds.remove(session)
  for (const answer of answers) answer({ kind: 'closed' })
  await expect.poll(() => endsOf(settled)).toMatchObject([{ retry: 2, putBack: 0 }])
  expect(settled[0]?.retry.map(({ delayMs }) => delayMs)).toEqual([0, 0])
})

test('a delivery is retried with a delay after its link has closed four times', async () => {
  const { chunks, outbox, settled } = outboxOf(2)
  const [third, fourth] = chunks.splice(0)
  if (!third || !fourth) throw new Error('expected two chunks')
  chunks.push({ ...third, kind: 'row', attempts: 3 }, { ...fourth, kind: 'row', attempts: 4 })
  const { answers, session } = receiver(2)
  const { binds } = deliveryFrom(outbox, [session])
  await expect.poll(() => answers.length).toBe(2)
  binds.remove(session)
  for (const answer of answers) answer({ kind: 'closed' })
  await expect.poll(() => settled).toHaveLength(2)
  expect(settled.map(({ retry }) => (retry[0]?.delayMs ?? 0) > 0)).toEqual([false, true])
})

test('waiting deliveries are put back when the last receiver leaves', async () => {
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

test('after a suspension of the process, deliveries of an old claim are not sent', async () => {
  let nowMs = 0
  const { outbox, settled } = outboxOf(4, { perChunk: 4 })
  const { answers, bodies, session } = receiver(2)
  deliveryFrom(outbox, [session], { now: () => nowMs })
  await expect.poll(() => answers.length).toBe(2)
  // Simulates a process that was suspended, and whose timers have not run since it resumed.
  nowMs = 15_000
  answers[0]?.(response(ESME_ROK))
  answers[1]?.(response(ESME_ROK))
  expect(bodies).toHaveLength(2)
  await expect.poll(() => endsOf(settled)).toMatchObject([{ acknowledged: 2, putBack: 2 }])
})

test('stop() settles answered deliveries and puts back waiting deliveries', async () => {
  const { outbox, settled } = outboxOf(5, { perChunk: 5 })
  const { answers, session } = receiver(2)
  const { binds, delivery } = deliveryFrom(outbox, [session])
  await expect.poll(() => answers.length).toBe(2)
  // At shutdown the sessions close before the delivery stops.
  binds.remove(session)
  answers[0]?.(response(ESME_ROK))
  answers[1]?.({ kind: 'closed' })
  await delivery.stop()
  expect(endsOf(settled)).toEqual([{ ...NOTHING, id: '1', acknowledged: 1, retry: 1, putBack: 3 }])
})

test('a delivery that cannot be encoded is refused and reported; the rest are sent', async () => {
  const { chunks, outbox, settled } = outboxOf(3, { perChunk: 3 })
  const [chunk] = chunks.splice(0)
  if (!chunk) throw new Error('expected one chunk')
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

test('stop() waits for a claim in progress and puts back its deliveries', async () => {
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

test('a settlement that the database refuses does not block other settlements', async () => {
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
