import { afterEach, describe, expect, test } from 'vitest'
import { agreeable } from '../testing/agreeable.fixture.ts'
import { encodeBody } from './codec.ts'
import * as status from './commandStatus.ts'
import { connectSmpp } from '../endpoint/connectSmpp.ts'
import { INTERFACE_VERSION, knownVersion, type InterfaceVersion } from './interfaceVersion.ts'
import { PDUS, type BindCommand, type RequestCommand } from './pduTable.ts'
import { rawServer } from '../testing/rawPeer.fixture.ts'
import {
  headerOf,
  servePeer,
  TIMERS,
  tlvsOf,
  type ServedPeer,
} from '../testing/servedPeer.fixture.ts'
import type { Session } from '../session/session.ts'
import { createSmppServer } from '../endpoint/smppServer.ts'
import { readTlv, tlv } from './tlv.ts'

const { V3_3, V3_4, V5_0 } = INTERFACE_VERSION

test.each([
  [0x00, V3_3],
  [0x22, V3_3],
  [0x33, V3_3],
  [0x34, V3_4],
  [0x4f, V3_4],
  [0x50, V5_0],
  [0xff, V5_0],
])('interface_version %i is treated as version %i', (octet, version) => {
  expect(knownVersion(octet)).toBe(version)
})

let served: ServedPeer | undefined

async function serve(version?: InterfaceVersion): Promise<ServedPeer> {
  served = await servePeer({}, 10, version)
  return served
}

afterEach(async () => {
  await served?.stop()
  served = undefined
})

describe('the version of a server session', () => {
  test.each([
    [V5_0, V5_0, V5_0],
    [V5_0, V3_4, V3_4],
    [V3_4, V5_0, V3_4],
    [V5_0, V3_3, V3_3],
  ])("is the lower of our 0x%s and the peer's 0x%s", async (ours, interface_version, lower) => {
    const { bound } = await serve(ours)
    expect((await bound({ interface_version })).interfaceVersion).toBe(lower)
  })

  test('is sent in a TLV only to peers whose version has TLVs', async () => {
    const told = async (interface_version: number) => {
      const { peer, bound, stop } = await servePeer()
      await bound({ interface_version })
      await stop()
      return readTlv(tlvsOf(peer.received[0]), 'sc_interface_version')
    }
    expect([await told(V3_3), await told(V3_4), await told(V5_0)]).toEqual([undefined, V5_0, V5_0])
  })

  test('can be lowered for one bind, and is sent to the peer even if it is 3.3', async () => {
    const centre = createSmppServer({
      events: { onBind: (session, pdu) => session.acceptBind(pdu, 'smsc', V3_3) },
      timers: TIMERS,
    })
    const { port } = await centre.listen(0, '127.0.0.1')
    const session = await connectSmpp({
      host: '127.0.0.1',
      port,
      command: 'bind_transceiver',
      system_id: 'e',
      password: '',
      timers: TIMERS,
    })
    expect(session.interfaceVersion).toBe(V3_3)
    expect([...centre.sessions].map(({ interfaceVersion }) => interfaceVersion)).toEqual([V3_3])
    await session.unbind()
    await centre.close()
  })

  test('removes TLVs from fields and from encoded bodies if it is below 3.4', async () => {
    const { peer, bound } = await serve()
    const session = await bound({ interface_version: V3_3 })
    const fields = { source_addr: '1', tlvs: [tlv('message_state', 2)] }
    session.request('deliver_sm', fields, () => undefined)
    session.requestBody('deliver_sm', encodeBody('deliver_sm', fields), () => undefined)
    const received = await peer.pdus(3)
    expect(received.map(tlvsOf)).toEqual([[], [], []])
    expect(received.slice(1)).toMatchObject([{ source_addr: '1' }, { source_addr: '1' }])
  })

  test.each([
    ['data_sm', V3_3],
    ['broadcast_sm', V3_4],
    ['query_broadcast_sm', V3_4],
    ['cancel_broadcast_sm', V3_4],
  ] as const)('makes %s an unknown command in version 0x%s', async (command, lower) => {
    const { peer, bound } = await serve()
    await bound({ interface_version: lower })
    peer.send(headerOf(PDUS[command].command_id, 7))
    expect((await peer.pdus(2))[1]).toMatchObject({
      command: 'generic_nack',
      command_status: status.ESME_RINVCMDID,
      sequence_number: 7,
    })
  })

  test('rejects bind_transceiver as unknown, but not bind_transmitter, if it is 3.3', async () => {
    const { peer, bound } = await serve(V3_3)
    peer.send(headerOf(PDUS.bind_transceiver.command_id, 1))
    expect((await peer.pdus(1))[0]).toMatchObject({
      command: 'generic_nack',
      command_status: status.ESME_RINVCMDID,
    })
    const session = await bound({ command: 'bind_transmitter' })
    expect(session.state).toBe('BOUND_TX')
  })

  test('forbids sending commands that the version does not have', async () => {
    const { bound } = await serve()
    const session = await bound({ interface_version: V3_3 })
    const may = (command: RequestCommand) => session.canSend(command)
    expect([may('deliver_sm'), may('data_sm')]).toEqual([true, false])
    expect(session.request('data_sm', {}, () => undefined)).toBeUndefined()
    expect(session.notify('alert_notification', {})).toBe(false)
  })
})

describe('the version of a client session', () => {
  interface Asked {
    readonly interface_version?: InterfaceVersion
    readonly versionWhenUntold?: InterfaceVersion
  }

  async function boundTo(asked: Asked, bindResp: string): Promise<InterfaceVersion> {
    const centre = await rawServer()
    const options = { host: '127.0.0.1', port: centre.port, system_id: 'e', password: '' } as const
    const connecting = connectSmpp({
      ...options,
      ...asked,
      command: 'bind_transmitter',
      timers: TIMERS,
      windowSize: 1,
      events: {},
    })
    const peer = await centre.accept()
    await peer.pdus(1)
    peer.send(bindResp)
    const session = await connecting
    await centre.close()
    return session.interfaceVersion
  }

  const UNTOLD = '0000001180000002000000000000000100'
  const told = (version: string) => `0000001680000002000000000000000100021000 01${version}`

  test('is the lower of the requested version and the version in the bind response', async () => {
    const of = (version: string) => told(version).replace(' ', '')
    expect(await boundTo({ interface_version: V5_0 }, of('50'))).toBe(V5_0)
    expect(await boundTo({ interface_version: V5_0 }, of('34'))).toBe(V3_4)
    expect(await boundTo({}, of('50'))).toBe(V3_4)
    expect(await boundTo({}, of('33'))).toBe(V3_3)
  })

  test('is 3.4, or versionWhenUntold, if the bind response states no version', async () => {
    expect(await boundTo({ interface_version: V5_0 }, UNTOLD)).toBe(V3_4)
    expect(await boundTo({ versionWhenUntold: V3_3 }, UNTOLD)).toBe(V3_3)
    expect(await boundTo({ interface_version: V3_3 }, UNTOLD)).toBe(V3_3)
  })

  test('makes connectSmpp reject bind_transceiver if it is 3.3', async () => {
    const { port } = await serve()
    const binding = connectSmpp({
      host: '127.0.0.1',
      port,
      command: 'bind_transceiver',
      interface_version: V3_3,
      system_id: 'e',
      password: '',
      timers: TIMERS,
      windowSize: 1,
      events: {},
    })
    await expect(binding).rejects.toThrow('version 0x33 has no bind_transceiver')
  })
})

describe('in a 5.0 session', () => {
  async function client(command: BindCommand): Promise<{ client: Session; stop(): Promise<void> }> {
    const server = createSmppServer({
      events: agreeable,
      timers: TIMERS,
      windowSize: 10,
      maxSessions: 1,
      systemId: '',
    })
    const { port } = await server.listen(0, '127.0.0.1')
    const session = await connectSmpp({
      host: '127.0.0.1',
      port,
      command,
      interface_version: V5_0,
      system_id: 'e',
      password: '',
      timers: TIMERS,
      windowSize: 10,
      events: {},
    })
    return { client: session, stop: () => session.unbind().then(() => server.close()) }
  }

  const PLACE = tlv('broadcast_area_identifier', Buffer.from('\0Riga'))
  const HOW = [
    tlv('broadcast_content_type', Buffer.of(0, 0, 16)),
    tlv('broadcast_rep_num', 1),
    tlv('broadcast_frequency_interval', Buffer.of(9, 0, 1)),
  ]

  test('a broadcast is accepted only with its area and content type', async () => {
    const { client: session, stop } = await client('bind_transceiver')
    const answers: number[] = []
    const send = (tlvs: typeof HOW) =>
      new Promise<void>((resolve) => {
        session.request('broadcast_sm', { tlvs }, (outcome) => {
          if (outcome.kind === 'response') answers.push(outcome.pdu.command_status)
          resolve()
        })
      })
    await send([PLACE, ...HOW])
    await send(HOW)
    await send([PLACE, ...HOW.slice(1)])
    await stop()
    const { ESME_ROK, ESME_RMISSINGTLV } = status
    expect(answers).toEqual([ESME_ROK, ESME_RMISSINGTLV, ESME_RMISSINGTLV])
  })
})
