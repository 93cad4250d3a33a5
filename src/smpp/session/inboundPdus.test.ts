import { describe, expect, onTestFinished, test } from 'vitest'
import { handlersOfAll, REQUESTS } from '../testing/agreeable.fixture.ts'
import * as status from '../wire/commandStatus.ts'
import { connectSmpp } from '../endpoint/connectSmpp.ts'
import { PDUS, type OneWayCommand, type Pdu, type RequestCommand } from '../wire/pduTable.ts'
import { rawServer, type RawPeer } from '../testing/rawPeer.fixture.ts'
import {
  headerOf,
  Inbox,
  servePeer,
  TIMERS,
  type ServedPeer,
} from '../testing/servedPeer.fixture.ts'
import type { Session } from './session.ts'
import type { SessionEvents } from './sessionSettings.ts'
import { createSmppServer } from '../endpoint/smppServer.ts'
import { tlv } from '../wire/tlv.ts'

const TLVS = [
  tlv('broadcast_area_identifier', Buffer.from('\0Riga')),
  tlv('broadcast_content_type', Buffer.of(0, 0, 16)),
  tlv('broadcast_rep_num', 1),
  tlv('broadcast_frequency_interval', Buffer.of(9, 0, 1)),
]
const ADDRESS = { dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: '4477' }

/** The fields without which these commands cannot be sent. */
const FIELDS = {
  submit_multi: { dest_address: [{ dest_flag: 1, ...ADDRESS }] },
  broadcast_sm: { tlvs: TLVS },
} as const

function fieldsOf(command: RequestCommand): object {
  return Object.entries(FIELDS).find(([name]) => name === command)?.[1] ?? {}
}

interface Pair {
  readonly server: Session
  readonly client: Session
}

/** A server and a client that are bound to each other with version 5.0. */
async function bound(ofServer: SessionEvents, ofClient: SessionEvents): Promise<Pair> {
  const accepted = new Inbox<Session>()
  const options = { timers: TIMERS, windowSize: 20 }
  const server = createSmppServer({
    ...options,
    maxSessions: 1,
    systemId: '',
    events: {
      ...ofServer,
      onBind: (session, pdu) => {
        session.acceptBind(pdu)
        accepted.push(session)
      },
    },
  })
  const { port } = await server.listen(0, '127.0.0.1')
  onTestFinished(() => server.close())
  const client = await connectSmpp({
    ...options,
    host: '127.0.0.1',
    port,
    command: 'bind_transceiver',
    interface_version: 0x50,
    system_id: 'esme1',
    password: 'secret',
    events: ofClient,
  })
  return { server: await accepted.next(), client }
}

/** Sends a request from the side that may send it, and returns the answer. */
async function answerTo({ server, client }: Pair, command: RequestCommand): Promise<Pdu> {
  const asking = client.canSend(command) ? client : server
  return new Promise((resolve, reject) => {
    asking.request(command, fieldsOf(command), (outcome) => {
      if (outcome.kind === 'response') resolve(outcome.pdu)
      else reject(new Error(outcome.kind))
    })
  })
}

describe('every request command', () => {
  test('reaches its handler, and the answer returns to the sender', async () => {
    const handled: string[] = []
    const requests = handlersOfAll((session, pdu) => {
      handled.push(pdu.command)
      session.respond(pdu, status.ESME_ROK)
    })
    const pair = await bound({ requests }, { requests })
    for (const command of REQUESTS)
      expect(await answerTo(pair, command)).toMatchObject({
        command: `${command}_resp`,
        command_status: status.ESME_ROK,
      })
    expect(handled).toEqual(REQUESTS)
    expect(pair.server.unansweredByUs + pair.client.unansweredByUs).toBe(0)
  })

  test('is answered with ESME_RINVCMDID if it has no handler', async () => {
    const pair = await bound({}, {})
    for (const command of REQUESTS)
      expect(await answerTo(pair, command)).toMatchObject({
        command: `${command}_resp`,
        command_status: status.ESME_RINVCMDID,
      })
  })

  test('can be sent only by the side that SMPP allows', async () => {
    const pair = await bound({}, {})
    for (const command of REQUESTS) {
      const { esme, mc } = PDUS[command]
      expect(pair.client.canSend(command)).toBe(esme.length > 0)
      expect(pair.server.canSend(command)).toBe(mc.length > 0)
    }
  })

  test('passes its undecoded body to the handler', async () => {
    const bodies = new Inbox<Buffer>()
    const pair = await bound(
      {
        requests: {
          query_sm(session, pdu, body) {
            bodies.push(Buffer.from(body))
            const { message_id } = pdu
            session.respond(pdu, status.ESME_ROK, { message_id, message_state: 2 })
          },
        },
      },
      {},
    )
    const answers = new Inbox<number>()
    pair.client.request('query_sm', { message_id: 'A1', source_addr: '44' }, (outcome) => {
      if (outcome.kind === 'response' && outcome.pdu.command === 'query_sm_resp')
        answers.push(outcome.pdu.message_state)
    })
    expect((await bodies.next()).toString('hex')).toBe('413100' + '0000' + '343400')
    expect(await answers.next()).toBe(2)
  })
})

async function served(): Promise<ServedPeer> {
  const serving = await servePeer()
  onTestFinished(() => serving.stop())
  return serving
}

describe('a PDU without a response', () => {
  test('alert_notification reaches its handler and is not answered', async () => {
    const alerts = new Inbox<Pdu<'alert_notification'>>()
    const pair = await bound({}, { onAlertNotification: (_, pdu) => alerts.push(pdu) })
    expect(pair.server.notify('alert_notification', { source_addr: '4477' })).toBe(true)
    expect(await alerts.next()).toMatchObject({ source_addr: '4477', esme_addr: '' })
    expect(pair.client.notify('alert_notification', {})).toBe(false)
  })

  async function unbound(events: SessionEvents): Promise<RawPeer> {
    const centre = await rawServer()
    onTestFinished(() => centre.close())
    const giveUp = new AbortController()
    const options = { host: '127.0.0.1', port: centre.port, signal: giveUp.signal }
    const connecting = connectSmpp({
      ...options,
      command: 'bind_receiver',
      system_id: 'esme1',
      password: '',
      timers: TIMERS,
      windowSize: 1,
      events,
    }).catch(() => undefined)
    onTestFinished(async () => {
      giveUp.abort()
      await connecting
    })
    const peer = await centre.accept()
    await peer.pdus(1)
    return peer
  }

  test('outbind reaches the handler of a client that is not bound yet', async () => {
    const outbinds = new Inbox<Pdu<'outbind'>>()
    const peer = await unbound({ onOutbind: (_, pdu) => outbinds.push(pdu) })
    peer.send('0000001d0000000b000000000000002b534d53433031006f7574707700')
    expect(await outbinds.next()).toMatchObject({ system_id: 'SMSC01', password: 'outpw' })
  })

  const oneWay: OneWayCommand[] = ['alert_notification', 'outbind']

  test.each(oneWay)('%s sent to a server is answered with generic_nack', async (command) => {
    const { peer, bound: bind } = await served()
    await bind()
    peer.send(headerOf(PDUS[command].command_id, 9))
    expect((await peer.pdus(2))[1]).toMatchObject({
      command: 'generic_nack',
      command_status: status.ESME_RINVBNDSTS,
      sequence_number: 9,
    })
  })

  test('a malformed outbind is answered with generic_nack and the error', async () => {
    const peer = await unbound({})
    peer.send(headerOf(PDUS.outbind.command_id, 9))
    expect((await peer.pdus(2))[1]).toMatchObject({
      command: 'generic_nack',
      command_status: status.ESME_RINVCMDLEN,
    })
  })
})

test('request handlers can be methods that use `this`', async () => {
  class Counter {
    count = 0
    submit_sm(session: Session, pdu: Pdu<'submit_sm'>): void {
      this.count++
      session.respond(pdu, status.ESME_ROK, { message_id: String(this.count) })
    }
  }
  const counter = new Counter()
  const pair = await bound({ requests: counter }, {})
  await answerTo(pair, 'submit_sm')
  expect(await answerTo(pair, 'submit_sm')).toMatchObject({ message_id: '2' })
})
