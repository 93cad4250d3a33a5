import { expect, onTestFinished, test, vi } from 'vitest'
import {
  createSmppServer,
  decodeText,
  ESME_RBINDFAIL,
  ESME_RINVDSTADR,
  ESME_ROK,
  ESME_RX_T_APPN,
  MESSAGE_STATE,
  readTlv,
  receiptText,
} from '../smpp/index.ts'
import type { MessageState, Pdu, Session, SessionEvents } from '../smpp/index.ts'
import { followOverSmpp } from './followOverSmpp.ts'
import type { FollowedStep } from './followOverSmpp.ts'

const TIMERS = {
  sessionInitTimeoutMs: 5_000,
  enquireLinkIntervalMs: 0,
  responseTimeoutMs: 5_000,
  inactivityTimeoutMs: 0,
}
const SMS = { to: '+436641234567', from: 'Signalbox', text: 'Grüß Gott' }
const ID = '01890a5d-ac96-774b-bcce-b302099a8057'

type Submit = Pdu<'submit_sm'>
type OnSubmit = (session: Session, submit: Submit) => void

async function listen(onSubmit: OnSubmit, onBind?: SessionEvents['onBind']) {
  const server = createSmppServer({
    events: {
      onBind: onBind ?? ((session, pdu) => session.acceptBind(pdu, 'test')),
      requests: { submit_sm: onSubmit },
    },
    timers: TIMERS,
    windowSize: 10,
    maxSessions: 10,
    systemId: 'test',
  })
  const { port } = await server.listen(0, '127.0.0.1')
  onTestFinished(() => server.close())
  return { host: '127.0.0.1', port, systemId: 'demo', password: 'secret' }
}

/** Delivers a receipt. Resolves to the command_status of the answer, or to -1 without an answer. */
function deliver(session: Session, id: string, messageState: MessageState): Promise<number> {
  const at = new Date(0)
  const err = messageState === MESSAGE_STATE.DELIVERED ? '000' : '011'
  const fields = { id, sub: 1, dlvrd: 1, submitDate: at, doneDate: at, messageState, err, text: '' }
  const short_message = receiptText(fields)
  return new Promise((resolve) => {
    session.request('deliver_sm', { esm_class: 4, short_message }, (outcome) =>
      resolve('pdu' in outcome ? outcome.pdu.command_status : -1),
    )
  })
}

async function follow(target: Parameters<typeof followOverSmpp>[0], sms = SMS, timeoutMs = 5_000) {
  const steps: FollowedStep[] = []
  const outcome = await followOverSmpp(target, sms, { timeoutMs, onStep: (one) => steps.push(one) })
  return { outcome, steps: steps.map(({ step, detail }) => `${step} ${detail}`) }
}

function accept(session: Session, submit: Submit, message_id = ID): void {
  session.respond(submit, ESME_ROK, { message_id })
}

test('a message is followed to its final receipt, and each step is reported', async () => {
  const target = await listen((session, submit) => {
    accept(session, submit)
    void deliver(session, ID, MESSAGE_STATE.ENROUTE)
    void deliver(session, ID, MESSAGE_STATE.DELIVERED)
  })
  const { outcome, steps } = await follow(target)
  expect(outcome).toEqual({ kind: 'delivered', messageId: ID, state: 'DELIVRD' })
  expect(steps).toEqual([
    `bound to 127.0.0.1:${target.port} as demo`,
    `submitted message id ${ID}`,
    expect.stringMatching(/^receipt stat ENROUTE/),
    expect.stringMatching(/^receipt stat DELIVRD, err 000, submit date \d+, done date \d+$/),
  ])
})

test('a receipt that arrives before the submit_sm_resp is matched', async () => {
  const target = await listen((session, submit) => {
    void deliver(session, ID, MESSAGE_STATE.UNDELIVERABLE)
    accept(session, submit)
  })
  const { outcome } = await follow(target)
  expect(outcome).toEqual({ kind: 'undelivered', messageId: ID, state: 'UNDELIV' })
})

test('receipts of other messages are left for the application that sent the messages', async () => {
  let answer: Promise<number> | undefined
  const target = await listen((session, submit) => {
    answer = deliver(session, 'another', MESSAGE_STATE.DELIVERED)
    accept(session, submit)
    void deliver(session, ID, MESSAGE_STATE.DELIVERED)
  })
  await follow(target)
  await expect(answer).resolves.toBe(ESME_RX_T_APPN)
})

test('the text and the addresses arrive in the correct encoding', async () => {
  const seen: Submit[] = []
  const target = await listen((session, submit) => {
    seen.push({ ...submit, short_message: Buffer.from(submit.short_message) })
    session.respond(submit, ESME_RINVDSTADR)
  })
  await follow(target)
  await follow(target, { to: '436641234567', from: '12345', text: '€'.repeat(200) })
  const [first, second] = seen
  expect(first).toMatchObject({
    source_addr_ton: 5,
    source_addr: 'Signalbox',
    dest_addr_ton: 1,
    dest_addr_npi: 1,
    destination_addr: '436641234567',
    registered_delivery: 1,
  })
  expect(first && decodeText(first.data_coding, first.short_message)).toBe(SMS.text)
  expect(second).toMatchObject({ source_addr_ton: 3, source_addr: '12345' })
  expect(second?.short_message).toHaveLength(0)
  expect(second && readTlv(second.tlvs, 'message_payload')).toHaveLength(400)
})

test('the outcome of a refused message has the name of the command_status', async () => {
  const target = await listen((session, submit) => session.respond(submit, ESME_RINVDSTADR))
  const { outcome } = await follow(target)
  expect(outcome).toEqual({ kind: 'refused', status: 'ESME_RINVDSTADR' })
})

test('if no receipt arrives in time, the outcome is a timeout with the message id', async () => {
  const target = await listen((session, submit) => accept(session, submit))
  const { outcome } = await follow(target, SMS, 100)
  expect(outcome).toEqual({ kind: 'timeout', messageId: ID })
})

test('if the connection closes before the answer, the outcome is "lost" with no id', async () => {
  const target = await listen((session) => session.close('test'))
  const { outcome } = await follow(target)
  expect(outcome).toEqual({ kind: 'lost', messageId: undefined })
})

test('a wrong password and a closed port have different outcomes', async () => {
  const refusing = await listen(accept, (session, pdu) => session.refuseBind(pdu, ESME_RBINDFAIL))
  expect((await follow(refusing)).outcome).toEqual({
    kind: 'bindRefused',
    status: 'ESME_RBINDFAIL',
  })
  const nobody = { ...refusing, port: 1 }
  expect((await follow(nobody)).outcome).toMatchObject({
    kind: 'unreachable',
    code: 'ECONNREFUSED',
  })
})

test('after the time-out, a late message id is reported, but a receipt is not', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  let answer: Promise<number> | undefined
  const target = await listen((session, submit) => {
    vi.advanceTimersByTime(1_000)
    answer = deliver(session, ID, MESSAGE_STATE.DELIVERED)
    accept(session, submit)
  })
  const { outcome, steps } = await follow(target, SMS, 1_000)
  expect(outcome).toEqual({ kind: 'timeout', messageId: ID })
  expect(steps.slice(1)).toEqual([`submitted message id ${ID}`])
  await expect(answer).resolves.toBe(ESME_RX_T_APPN)
})
