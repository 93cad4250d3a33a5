import { afterEach, expect, onTestFinished, test } from 'vitest'
import { ESME_RINVDSTADR, ESME_ROK, ESME_RSYSERR } from '../wire/commandStatus.ts'
import { connectSmpp } from '../endpoint/connectSmpp.ts'
import { PduError } from '../wire/pduError.ts'
import { rawServer } from '../testing/rawPeer.fixture.ts'
import { RequestError } from './requestError.ts'
import { GENERIC_NACK, headerOf, TIMERS } from '../testing/servedPeer.fixture.ts'
import { sessionPair, type SessionPair } from '../testing/sessionPair.fixture.ts'

const BIND_RESP = '0000001180000002000000000000000100'

let pair: SessionPair | undefined

async function start(...options: Parameters<typeof sessionPair>): Promise<SessionPair> {
  const started = await sessionPair(...options)
  pair = started
  return started
}

afterEach(() => pair?.stop())

function submit(destination_addr: string, signal?: AbortSignal) {
  if (!pair) throw new Error('start a pair first')
  return pair.esme.send('submit_sm', { destination_addr }, signal ? { signal } : {})
}

/** The `code` and `isOutcomeUnknown` of the error that the promise rejects with. */
async function failure(sending: Promise<unknown>): Promise<string> {
  const error: unknown = await sending.catch((reason: unknown) => reason)
  if (!(error instanceof RequestError)) throw new Error('no RequestError', { cause: error })
  return `${error.code} ${error.isOutcomeUnknown}`
}

test('send resolves with the response, whatever its command_status', async () => {
  const { submits } = await start()
  const sending = submit('1')
  const { session, pdu } = await submits.next()
  session.respond(pdu, ESME_ROK, { message_id: 'one' })
  expect(await sending).toMatchObject({ command_status: ESME_ROK, message_id: 'one' })
  const refused = submit('2')
  const second = await submits.next()
  second.session.respond(second.pdu, ESME_RINVDSTADR)
  expect((await refused).command_status).toBe(ESME_RINVDSTADR)
})

test('requests beyond the window wait and are sent in the order of the calls', async () => {
  const { submits, esme } = await start()
  const sending = ['1', '2', '3', '4', '5'].map((destination) => submit(destination))
  for (const destination of ['1', '2', '3', '4', '5']) {
    const { session, pdu } = await submits.next()
    expect(pdu.destination_addr).toBe(destination)
    expect(esme.unanswered).toBeLessThanOrEqual(2)
    session.respond(pdu, ESME_ROK, { message_id: destination })
  }
  const ids = (await Promise.all(sending)).map(({ message_id }) => message_id)
  expect(ids).toEqual(['1', '2', '3', '4', '5'])
})

test('request does not overtake a waiting send', async () => {
  const { submits, esme } = await start({ windowSize: 1 })
  const sending = [submit('1'), submit('2')]
  expect(esme.request('submit_sm', {}, () => undefined)).toBeUndefined()
  for (const destination of ['1', '2']) {
    const { session, pdu } = await submits.next()
    expect(pdu.destination_addr).toBe(destination)
    session.respond(pdu, ESME_ROK)
  }
  await Promise.all(sending)
})

test('an abort removes a waiting send, but a sent request stays in the window', async () => {
  const { submits, esme } = await start({ windowSize: 1 })
  const first = new AbortController()
  const second = new AbortController()
  const sent = submit('1', first.signal)
  const waiting = submit('2', second.signal)
  second.abort()
  expect(await failure(waiting)).toBe('ABORTED false')
  const { session, pdu } = await submits.next()
  first.abort()
  expect(await failure(sent)).toBe('ABORTED true')
  expect(esme.unanswered).toBe(1)
  const third = submit('3')
  session.respond(pdu, ESME_ROK)
  const next = await submits.next()
  expect(next.pdu.destination_addr).toBe('3')
  session.respond(next.pdu, ESME_ROK)
  await third
  expect(await failure(submit('4', AbortSignal.abort()))).toBe('ABORTED false')
})

test('after close, sent requests have an unknown outcome and waiting ones are unsent', async () => {
  const { submits, esme } = await start({ windowSize: 1 })
  const sending = [submit('1'), submit('2')].map(failure)
  await submits.next()
  esme.close('enough')
  expect(await Promise.all(sending)).toEqual(['CLOSED true', 'CLOSED false'])
  expect(await failure(submit('3'))).toBe('CLOSED false')
})

test('unbind waits for the answers to sent requests and rejects all others', async () => {
  const { submits, esme } = await start({ windowSize: 1 })
  const answered = submit('1')
  const waiting = failure(submit('2'))
  const { session, pdu } = await submits.next()
  const gone = esme[Symbol.asyncDispose]()
  expect(await waiting).toBe('CLOSED false')
  expect(await failure(submit('3'))).toBe('CLOSED false')
  session.respond(pdu, ESME_ROK, { message_id: 'one' })
  expect((await answered).message_id).toBe('one')
  await gone
  expect(esme.state).toBe('CLOSED')
  expect(submits.all).toHaveLength(1)
})

test('a request without an answer in time fails with TIMEOUT and leaves the window', async () => {
  const timers = {
    sessionInitTimeoutMs: 0,
    enquireLinkIntervalMs: 0,
    responseTimeoutMs: 50,
    inactivityTimeoutMs: 0,
  }
  const { submits } = await start({ windowSize: 1, timers })
  const sending = [submit('1'), submit('2')].map(failure)
  expect(await Promise.all(sending)).toEqual(['TIMEOUT true', 'TIMEOUT true'])
  expect(submits.all).toHaveLength(2)
})

test('a forbidden command or a field that does not fit is rejected immediately', async () => {
  const { esme, submits } = await start()
  expect(await failure(esme.send('deliver_sm', {}))).toBe('NOT_ALLOWED false')
  await expect(submit('4'.repeat(30))).rejects.toBeInstanceOf(PduError)
  expect(esme.unanswered).toBe(0)
  // The bind had sequence_number 1. Nothing was sent after it, so the next number is 2.
  const sending = submit('1')
  const { session, pdu } = await submits.next()
  expect(pdu.sequence_number).toBe(2)
  session.respond(pdu, ESME_ROK)
  await sending
})

test('a generic_nack rejects the send with its command_status', async () => {
  const centre = await rawServer()
  onTestFinished(() => centre.close())
  const connecting = connectSmpp({
    host: '127.0.0.1',
    port: centre.port,
    command: 'bind_transmitter',
    system_id: 'esme1',
    password: 'secret',
    timers: TIMERS,
    windowSize: 1,
    events: {},
  })
  const peer = await centre.accept()
  await peer.pdus(1)
  peer.send(BIND_RESP)
  const session = await connecting
  const sending = session.send('submit_sm', { destination_addr: '1' })
  await peer.pdus(2)
  peer.send(headerOf(GENERIC_NACK, 2, ESME_RSYSERR))
  await expect(sending).rejects.toMatchObject({
    code: 'NACKED',
    isOutcomeUnknown: false,
    commandStatus: ESME_RSYSERR,
    message: 'submit_sm got no response: the peer answered generic_nack ESME_RSYSERR',
  })
  session.close('the test is over')
})

test('a send beyond the limit of waiting sends is rejected', async () => {
  const { submits } = await start({ windowSize: 1, limits: { waitingSends: 1 } })
  const sending = [submit('1'), submit('2')]
  expect(await failure(submit('3'))).toBe('TOO_MANY_WAITING false')
  for (const _ of sending) {
    const { session, pdu } = await submits.next()
    session.respond(pdu, ESME_RSYSERR)
  }
  await Promise.all(sending)
})

test('calls that TypeScript would reject throw TypeError immediately', async () => {
  const { esme } = await start()
  // JavaScript can call these methods with any values.
  const { request, notify } = esme as unknown as Record<string, (...values: unknown[]) => unknown>
  const wrong: [() => unknown, string][] = [
    [() => request?.call(esme, 'submit_sm', {}), 'needs an outcome callback'],
    [() => request?.call(esme, 'submit', {}, () => undefined), 'did you mean submit_sm'],
    [() => notify?.call(esme, 'submit_sm', {}), 'notify cannot send submit_sm:'],
    [() => notify?.call(esme, 'submit_sm_resp', {}), 'notify cannot send submit_sm_resp:'],
  ]
  for (const [call, message] of wrong) {
    expect(call).toThrow(TypeError)
    expect(call).toThrow(message)
  }
  expect(esme.unanswered).toBe(0)
})
