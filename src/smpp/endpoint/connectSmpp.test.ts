import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import * as status from '../wire/commandStatus.ts'
import { connectSmpp, type ConnectSmppOptions } from './connectSmpp.ts'
import { rawServer, type RawPeer, type RawServer } from '../testing/rawPeer.fixture.ts'
import { createSmppServer } from './smppServer.ts'

const TIMERS = {
  sessionInitTimeoutMs: 0,
  enquireLinkIntervalMs: 0,
  responseTimeoutMs: 60_000,
  inactivityTimeoutMs: 0,
}

let centre: RawServer
let closed: string[]

beforeEach(async () => {
  centre = await rawServer()
  closed = []
})

afterEach(() => centre.close())

function connecting(options: Partial<ConnectSmppOptions> = {}) {
  const own = closed
  return connectSmpp({
    host: '127.0.0.1',
    port: centre.port,
    command: 'bind_transmitter',
    system_id: 'esme1',
    password: 'secret',
    timers: TIMERS,
    windowSize: 10,
    events: { onClosed: (_, reason) => void own.push(reason) },
    ...options,
  })
}

/** The error that `connecting` rejects with. */
async function failing(options: Partial<ConnectSmppOptions> = {}): Promise<unknown> {
  return connecting(options).then(
    () => undefined,
    (error: unknown) => error,
  )
}

async function accepted(): Promise<RawPeer> {
  const peer = await centre.accept()
  await peer.pdus(1)
  return peer
}

describe('connectSmpp', () => {
  test('sends the fields of the bind request', async () => {
    const connected = connecting({ system_type: 'VMA', address_range: '44', addr_ton: 1 })
    const peer = await accepted()
    expect(peer.received[0]).toMatchObject({
      command: 'bind_transmitter',
      sequence_number: 1,
      system_id: 'esme1',
      password: 'secret',
      system_type: 'VMA',
      interface_version: 0x34,
      addr_ton: 1,
      address_range: '44',
    })
    peer.send('00000014800000020000000000000001' + '4d433100')
    const session = await connected
    expect(session).toMatchObject({ state: 'BOUND_TX', interfaceVersion: 0x34, windowFree: 10 })
    expect([session.canSend('submit_sm'), session.canSend('deliver_sm')]).toEqual([true, false])
  })

  test('answers a receipt that crosses our unbind with a temporary error', async () => {
    const connected = connecting({ command: 'bind_transceiver' })
    const peer = await accepted()
    peer.send('00000010800000090000000000000001')
    const session = await connected
    const gone = session.unbind()
    const [, unbind] = await peer.pdus(2)
    expect(unbind).toMatchObject({ command: 'unbind' })
    peer.send('00000010000000050000000000000007')
    // The temporary error makes the peer send the receipt again in another session.
    const [, , answer] = await peer.pdus(3)
    expect(answer).toMatchObject({
      command: 'deliver_sm_resp',
      sequence_number: 7,
      command_status: status.ESME_RX_T_APPN,
    })
    peer.send('00000010800000060000000000000002')
    await gone
  })

  test('uses the lower of the two versions', async () => {
    const connected = connecting()
    const peer = await accepted()
    peer.send('00000019800000020000000000000001' + '4d433100' + '0210000133')
    expect((await connected).interfaceVersion).toBe(0x33)
  })

  test.each([
    ['the response', '00000010800000020000000d00000001', status.ESME_RBINDFAIL],
    ['a generic_nack', '00000010800000000000000300000001', status.ESME_RINVCMDID],
  ])('rejects with the command_status if %s refuses the bind', async (_, hex, commandStatus) => {
    const failed = failing()
    const peer = await accepted()
    peer.send(hex)
    expect(await failed).toMatchObject({ name: 'BindRefusedError', commandStatus })
    await peer.end()
    expect(closed).toEqual([])
  })
})

describe('the error of a failed connectSmpp says that', () => {
  test('the port is closed', async () => {
    const port = centre.port
    await centre.close()
    expect(await failing({ port })).toMatchObject({
      name: 'SmppConnectError',
      code: 'ECONNREFUSED',
      cause: { code: 'ECONNREFUSED' },
    })
    centre = await rawServer()
  })

  test('the port at an IPv6 address in brackets is closed', async () => {
    const { port } = centre
    // On a machine without IPv6 the code differs, but the error must not be a failed name lookup.
    const error = await failing({ host: '[::1]', port })
    expect(error).toMatchObject({ code: expect.stringMatching(/^(ECONNREFUSED|EADDR|EAF)/) })
    expect(String(error)).toContain(`[::1]:${port}`)
  })

  test('the bind was not answered', async () => {
    const failed = failing({ timers: { ...TIMERS, responseTimeoutMs: 20 } })
    expect(await failed).toMatchObject({ name: 'SmppConnectError', code: 'BIND_TIMEOUT' })
  })

  test('the peer closed the connection before it answered', async () => {
    const failed = failing()
    const peer = await accepted()
    peer.close()
    expect(await failed).toMatchObject({ name: 'SmppConnectError', code: 'CLOSED' })
  })

  test('the caller aborted the attempt, before or during the bind', async () => {
    expect(await failing({ signal: AbortSignal.abort() })).toMatchObject({ code: 'ABORTED' })
    const abort = new AbortController()
    const failed = failing({ signal: abort.signal })
    const peer = await accepted()
    abort.abort()
    expect(await failed).toMatchObject({ code: 'ABORTED' })
    await peer.end()
    expect(closed).toEqual([])
  })
})

test('our client and our server exchange a thousand messages', async () => {
  const server = createSmppServer({
    timers: TIMERS,
    windowSize: 10,
    maxSessions: 10,
    systemId: 'MC',
    events: {
      onBind: (session, pdu) => session.acceptBind(pdu),
      requests: {
        submit_sm: (session, pdu) =>
          session.respond(pdu, status.ESME_ROK, { message_id: pdu.destination_addr }),
      },
    },
  })
  const { port } = await server.listen(0, '127.0.0.1')
  const session = await connecting({ port, windowSize: 1000 })
  const ids: string[] = []
  for (let count = 0; count < 1000; count++)
    session.request('submit_sm', { destination_addr: String(count) }, (outcome) => {
      if (outcome.kind === 'response' && outcome.pdu.command === 'submit_sm_resp')
        ids.push(outcome.pdu.message_id)
    })
  await session.unbind()
  await server.close()
  expect(ids).toEqual(Array.from({ length: 1000 }, (_, count) => String(count)))
  expect(closed).toEqual(['unbound by us'])
})
