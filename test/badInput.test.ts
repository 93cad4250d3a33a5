// Input that a gateway on the open internet receives. Each bad input must be answered correctly
// without affecting other binds.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import {
  connectSmpp,
  decodePdu,
  encodeBody,
  encodePdu,
  ESME_RBINDFAIL,
  ESME_RINVBNDSTS,
  ESME_RINVCMDID,
  ESME_RINVCMDLEN,
  ESME_RINVDSTADR,
  ESME_ROK,
  INTERFACE_VERSION,
} from '../src/smpp/index.ts'
import type { InterfaceVersion, Pdu, Session } from '../src/smpp/index.ts'
import { type Stack, startStack } from './stack.ts'

/** How long the gateway waits for the rest of a PDU in these tests. The default is 30 s. */
const RESPONSE_TIMEOUT_MS = 1500
const TIMERS = {
  sessionInitTimeoutMs: 5000,
  enquireLinkIntervalMs: 0,
  responseTimeoutMs: 5000,
  inactivityTimeoutMs: 0,
}

let stack: Stack

beforeAll(async () => {
  stack = await startStack({
    env: { SIGNALBOX_RESPONSE_TIMEOUT_MS: String(RESPONSE_TIMEOUT_MS) },
  })
})
afterAll(async () => void (await stack.stop()))

async function rawConnection(): Promise<Socket> {
  const { host, port } = stack.ready.smpp
  const socket = connect(port, host)
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  return socket
}

/** Resolves to all octets that arrive before the gateway closes the connection. */
async function untilClosed(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(socket, 'close')
  return Buffer.concat(chunks)
}

async function onePdu(socket: Socket): Promise<Pdu> {
  const [octets] = (await once(socket, 'data')) as [Buffer] // no encoding is set
  const decoded = decodePdu(octets, 0, octets.length)
  if (decoded.kind !== 'pdu') throw new Error(`malformed answer: ${octets.toString('hex')}`)
  return decoded.pdu
}

function bind(
  system_id: string,
  password: string,
  interface_version: InterfaceVersion = INTERFACE_VERSION.V3_4,
): Promise<Session> {
  const { host, port } = stack.ready.smpp
  const command = 'bind_transceiver'
  const events = {}
  const options = { host, port, command, system_id, password, events, windowSize: 10 } as const
  return connectSmpp({ ...options, interface_version, timers: TIMERS })
}

test('a wrong password and an unknown system_id get the same command_status', async () => {
  const { systemId = '' } = stack.ready.smpp
  const refused = { commandStatus: ESME_RBINDFAIL }
  await expect(bind(systemId, 'wrong')).rejects.toMatchObject(refused)
  await expect(bind('nobody', 'wrong')).rejects.toMatchObject(refused)
})

test('a submit_sm before the bind is answered with ESME_RINVBNDSTS', async () => {
  const socket = await rawConnection()
  const submit = Buffer.concat([
    Buffer.from('0000000000000004000000000000002a', 'hex'),
    encodeBody('submit_sm', { destination_addr: '31612345678' }),
  ])
  submit.writeUInt32BE(submit.length)
  socket.write(submit)
  expect(await onePdu(socket)).toMatchObject({
    command: 'submit_sm_resp',
    command_status: ESME_RINVBNDSTS,
    sequence_number: 0x2a,
  })
})

test.each([
  ['garbage octets', Buffer.from('GET / HTTP/1.1\r\nHost: example.net\r\n\r\n')],
  ['a command_length of 3 GB', Buffer.from('b2d05e00000000040000000000000007', 'hex')],
])('after %s the gateway sends generic_nack and closes the connection', async (_, octets) => {
  const socket = await rawConnection()
  const closed = untilClosed(socket)
  socket.write(octets)
  const answer = await closed
  const decoded = decodePdu(answer, 0, answer.length)
  expect(decoded).toMatchObject({
    kind: 'pdu',
    pdu: { command: 'generic_nack', command_status: ESME_RINVCMDLEN },
  })
})

test('a connection that stalls in the middle of a PDU is closed without an answer', async () => {
  const socket = await rawConnection()
  const closed = untilClosed(socket)
  const enquireLink = encodePdu({
    command: 'enquire_link',
    command_status: ESME_ROK,
    sequence_number: 1,
  })
  socket.write(enquireLink.subarray(0, 9))
  expect(await closed).toHaveLength(0)
})

test('a non-numeric destination gets ESME_RINVDSTADR and the bind stays open', async () => {
  const { password = '', systemId = '' } = stack.ready.smpp
  const session = await bind(systemId, password)
  onTestFinished(() => session.unbind())
  const submit = (destination_addr: string): Promise<number> =>
    new Promise((resolve, reject) => {
      session.request('submit_sm', { destination_addr }, (outcome) =>
        outcome.kind === 'response'
          ? resolve(outcome.pdu.command_status)
          : reject(new Error(outcome.kind)),
      )
    })
  expect(await submit('shop')).toBe(ESME_RINVDSTADR)
  expect(await submit('')).toBe(ESME_RINVDSTADR)
  expect(await submit('31612345678')).toBe(ESME_ROK)
})

test('an unsupported request gets ESME_RINVCMDID and the bind stays open', async () => {
  const { password = '', systemId = '' } = stack.ready.smpp
  const session = await bind(systemId, password, INTERFACE_VERSION.V5_0)
  onTestFinished(() => session.unbind())
  const refusal = (command: 'query_sm' | 'cancel_sm' | 'data_sm' | 'submit_sm') =>
    new Promise((resolve, reject) => {
      session.request(command, { source_addr: '31612345678' }, (outcome) => {
        if (outcome.kind !== 'response') return reject(new Error(outcome.kind))
        const { command: answer, command_status } = outcome.pdu
        resolve([answer, command_status])
      })
    })
  expect(await refusal('query_sm')).toEqual(['query_sm_resp', ESME_RINVCMDID])
  expect(await refusal('cancel_sm')).toEqual(['cancel_sm_resp', ESME_RINVCMDID])
  expect(await refusal('data_sm')).toEqual(['data_sm_resp', ESME_RINVCMDID])
  expect(await refusal('submit_sm')).toEqual(['submit_sm_resp', ESME_RINVDSTADR])
  // The gateway answered with version 3.4, so requests that 5.0 added cannot be sent.
  expect(session.interfaceVersion).toBe(INTERFACE_VERSION.V3_4)
  expect(session.canSend('broadcast_sm')).toBe(false)
})

test('over HTTP a bad key, body or number is answered with a problem document', async () => {
  const { key = '', url } = stack.ready.api
  const post = async (apiKey: string, body: string) => {
    const answer = await fetch(new URL('/v1/messages', url), {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body,
    })
    const type = answer.headers.get('content-type')
    return { status: answer.status, type, problem: await answer.text() }
  }
  const problem = { type: expect.stringContaining('application/problem+json') }
  expect(await post('wrong', '{}')).toMatchObject({ ...problem, status: 401 })
  expect(await post(key, 'not json')).toMatchObject({ ...problem, status: 400 })
  const refused = await post(key, '{"to":"shop","text":"hi","flash":true}')
  expect(refused).toMatchObject({ ...problem, status: 400 })
  expect(refused.problem).toContain('to: ')
  expect(refused.problem).toContain('flash')
})
