import { expect, onTestFinished, test } from 'vitest'
import { agreeable } from '../testing/agreeable.fixture.ts'
import { encodeBody } from './codec.ts'
import { connectSmpp } from '../endpoint/connectSmpp.ts'
import { encodeText } from '../text/encodeText.ts'
import { nearestName } from './nearestName.ts'
import { segmentText } from '../text/segmentText.ts'
import type { Session } from '../session/session.ts'
import { createSmppServer } from '../endpoint/smppServer.ts'
import { readTlv, tlv } from './tlv.ts'

const NAMES = ['submit_sm', 'submit_multi', 'deliver_sm', 'bind_transceiver', 'tls']

test.each([
  ['submitSm', 'submit_sm'],
  ['SUBMIT_SM', 'submit_sm'],
  ['submit', 'submit_sm'],
  ['sumbit_multi', 'submit_multi'],
  ['transceiver', 'bind_transceiver'],
  ['tsl', 'tls'],
  ['url', undefined],
  ['reconnect', undefined],
  ['', undefined],
])('the nearest name to "%s" is %s', (wrong, meant) => {
  expect(nearestName(wrong, NAMES)).toBe(meant)
})

/** Passes a value of any type, as a caller in JavaScript can. */
const wrong = (value: unknown) => value as never

test.each<[string, () => unknown, string]>([
  ['a TLV', () => tlv(wrong('messagePayload'), 5), 'did you mean message_payload?'],
  ['a vendor TLV', () => tlv(wrong('xyz'), 5), 'as { tag, octets }'],
  ['a TLV to read', () => readTlv([], wrong('sar_msg_ref')), 'did you mean sar_msg_ref_num?'],
  [
    'a command',
    () => encodeBody(wrong('submit'), wrong({})),
    "no command 'submit': did you mean submit_sm",
  ],
  ['an alphabet', () => encodeText('x', { alphabets: [wrong('gsm7')] }), 'did you mean gsm?'],
  [
    'a default alphabet',
    () => encodeText('x', { defaultAlphabet: wrong('latin') }),
    'did you mean latin1?',
  ],
  ['a way to split', () => segmentText('x', { reference: 1, by: wrong('udh') }), 'mean udh8?'],
  ['a text', () => encodeText(wrong(5)), 'text is 5: a string is needed'],
  ['a long text', () => segmentText(wrong(undefined), { reference: 1 }), 'text is missing'],
])('%s that is invalid throws a TypeError with advice', (_, call, message) => {
  expect(call).toThrow(TypeError)
  expect(call).toThrow(message)
})

async function bound(): Promise<Session> {
  const server = createSmppServer({ events: agreeable })
  onTestFinished(() => server.close())
  const { port } = await server.listen(0, '127.0.0.1')
  const who = { command: 'bind_transceiver', system_id: 'esme1', password: 'secret' } as const
  return connectSmpp({ host: '127.0.0.1', port, ...who })
}

test.each([
  ['submit', "there is no command 'submit': did you mean submit_sm?"],
  [undefined, "there is no command 'undefined'"],
  ['submit_sm_resp', 'submit_sm_resp is a response'],
  ['alert_notification', 'alert_notification has no response: send it with notify'],
])('a session cannot send a request with the command %s', async (command, message) => {
  const session = await bound()
  await expect(session.send(wrong(command), wrong({}))).rejects.toThrow(message)
  const request = () => session.request(wrong(command), wrong({}), () => undefined)
  expect(request).toThrow(TypeError)
  expect(request).toThrow(message)
  expect(() => session.requestBody(wrong(command), Buffer.alloc(0), () => undefined)).toThrow(
    message,
  )
  // If send did not check its signal, an invalid one would be noticed only at the answer.
  await expect(session.send('submit_sm', {}, { signal: wrong({}) })).rejects.toThrow('AbortSignal')
  expect(session.unanswered).toBe(0)
  expect(await session.send('submit_sm', {})).toMatchObject({ command_status: 0 })
  await session.unbind()
})
