import { afterEach, expect, test } from 'vitest'
import { userSchema } from '../../platform/user.ts'
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
import type { OutboxDemand, OutboxOutcome, OutboxRow } from '../../outbox/outboxTable.ts'
import { BindRegistry } from './bindRegistry.ts'
import { OutboxDelivery } from './outboxDelivery.ts'

type Answer = (outcome: RequestOutcome) => void
const DELIVER_SM = encodeBody('deliver_sm', { short_message: Buffer.from('id:1 stat:DELIVRD') })
const running: OutboxDelivery[] = []

afterEach(async () => {
  await Promise.all(running.splice(0).map((delivery) => delivery.stop()))
})

/** A receiver with a window, whose answers the test gives by hand. */
function receiver(windowSize: number, interfaceVersion = 0x34) {
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

/** An outbox in memory: rows go out once, settlements are remembered. */
function outboxOf(count: number, user = 'u') {
  const rows: OutboxRow[] = Array.from({ length: count }, (_, index) => ({
    id: String(index + 1),
    account: 'demo',
    user_id: user,
    message_id: newMessageId(),
    deliver_sm: DELIVER_SM,
    attempts: 1,
  }))
  const settled: OutboxOutcome[] = []
  const claims: number[] = []
  const outbox = {
    reclaim: async () => undefined,
    claim: async (demands: readonly OutboxDemand[]) => {
      const fitting = demands.find((one) => one.user === undefined || one.user === user)
      claims.push(fitting?.room ?? 0)
      return rows.splice(0, fitting?.room ?? 0)
    },
    settle: async (outcomes: readonly OutboxOutcome[]) => void settled.push(...outcomes),
  }
  return { claims, outbox, settled }
}

function deliveryFrom(
  outbox: ReturnType<typeof outboxOf>['outbox'],
  sessions: Session[],
  sharesReceipts = false,
  onTrouble = (what: string, error: Error): void => {
    throw new Error(what, { cause: error })
  },
) {
  const binds = new BindRegistry()
  const user = userSchema.parse({ id: 'u', account: 'demo', password: 'x' })
  for (const [index, session] of sessions.entries())
    binds.add({ session, user: index === 2 ? { ...user, id: 'other' } : user })
  const delivery = new OutboxDelivery({
    outbox,
    binds,
    sharesReceipts: () => sharesReceipts,
    leaseMs: 1000,
    onTrouble,
  })
  running.push(delivery)
  delivery.wake()
  return delivery
}

test('only as much is claimed as there is room for, and answers make room', async () => {
  const { claims, outbox, settled } = outboxOf(5)
  const { answers, bodies, session } = receiver(2)
  deliveryFrom(outbox, [session])
  await expect.poll(() => bodies.length).toBe(2)
  expect(claims[0]).toBe(2)
  answers[0]?.(response(ESME_ROK))
  await expect.poll(() => bodies.length).toBe(3)
  await expect.poll(() => settled).toEqual([{ kind: 'acknowledged', id: '1', user: 'u' }])
})

test('the answer decides: acknowledged, refused for good, or again', async () => {
  const { outbox, settled } = outboxOf(4)
  const { answers, session } = receiver(4)
  deliveryFrom(outbox, [session])
  await expect.poll(() => answers.length).toBe(4)
  answers[0]?.(response(ESME_ROK))
  answers[1]?.(response(ESME_RX_P_APPN))
  answers[2]?.(response(ESME_RX_T_APPN))
  answers[3]?.({ kind: 'closed' })
  await expect.poll(() => settled.length).toBe(4)
  expect(settled).toMatchObject([
    { kind: 'acknowledged', id: '1' },
    { kind: 'refused', id: '2', commandStatus: ESME_RX_P_APPN },
    { kind: 'retry', id: '3' },
    { kind: 'retry', id: '4', delayMs: 0 },
  ])
})

test('a row that cannot be delivered is refused alone, and reported', async () => {
  const { outbox, settled } = outboxOf(3)
  const { claim } = outbox
  outbox.claim = async (demands) => {
    const rows = await claim(demands)
    return rows.map((row) => (row.id === '2' ? { ...row, deliver_sm: Buffer.of(1) } : row))
  }
  const { answers, bodies, session } = receiver(3, INTERFACE_VERSION.V3_3)
  const troubles: string[] = []
  deliveryFrom(outbox, [session], false, (what) => void troubles.push(what))
  await expect.poll(() => bodies.length).toBe(2)
  for (const answer of answers) answer(response(ESME_ROK))
  await expect.poll(() => settled.length).toBe(3)
  expect(settled).toMatchObject([
    { kind: 'refused', id: '2', commandStatus: ESME_RSYSERR },
    { kind: 'acknowledged', id: '1' },
    { kind: 'acknowledged', id: '3' },
  ])
  expect(troubles).toEqual(['delivering outbox row 2 failed'])
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
  const { claims, outbox } = outboxOf(3, 'never bound')
  const [full, own, others] = [receiver(0), receiver(1), receiver(100)]
  deliveryFrom(outbox, [full.session, own.session, others.session], true)
  await expect.poll(() => others.bodies.length).toBe(3)
  expect(claims[0]).toBe(101)
})
