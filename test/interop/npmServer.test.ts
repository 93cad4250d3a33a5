// Runs our client against a server of another implementation (npm `smpp`).

import { createServer, type Pdu as OtherPdu, type Session as OtherSession } from 'smpp'
import { expect, onTestFinished, test } from 'vitest'
import {
  BindRefusedError,
  connectSmpp,
  DEST_FLAG,
  ESME_RBINDFAIL,
  ESME_ROK,
  ESME_RTHROTTLED,
  INTERFACE_VERSION,
  messageText,
  parseReceipt,
  segmentText,
  tlv,
  type ConnectSmppOptions,
  type Pdu,
} from '../../src/smpp/index.ts'
import { Inbox } from '../../src/smpp/testing/servedPeer.fixture.ts'
import { ask } from './ask.ts'
import { TIMERS } from './recordingServer.ts'

const BINDS = ['bind_transmitter', 'bind_receiver', 'bind_transceiver'] as const

/** The fields of the response of the server to each command. */
const ANSWERS: Readonly<Record<string, Record<string, unknown>>> = {
  submit_sm: { message_id: 'id-1' },
  data_sm: { message_id: 'id-2' },
  submit_multi: {
    message_id: 'id-3',
    unsuccess_sme: [
      { dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: '4478', error_status_code: 0x0b },
    ],
  },
  query_sm: {
    message_id: 'id-1',
    final_date: new Date(Date.UTC(2026, 11, 31, 23, 59, 58)),
    message_state: 2,
    error_code: 7,
  },
  replace_sm: {},
  cancel_sm: {},
  broadcast_sm: { message_id: 'cell-1' },
  query_broadcast_sm: {
    message_id: 'cell-1',
    message_state: 1,
    broadcast_area_identifier: ['Rome'],
    broadcast_area_success: 90,
  },
  cancel_broadcast_sm: {},
  enquire_link: {},
}

interface OtherServer {
  readonly port: number
  readonly sessions: Inbox<OtherSession>
  readonly requests: Inbox<OtherPdu>
}

async function otherServer(bindResponse: Record<string, unknown> = {}): Promise<OtherServer> {
  const sessions = new Inbox<OtherSession>()
  const requests = new Inbox<OtherPdu>()
  const server = createServer((session) => {
    sessions.push(session)
    for (const command of BINDS)
      session.on(command, (pdu) => {
        requests.push(pdu)
        session.send(pdu.response({ system_id: 'npm', ...bindResponse }))
      })
    for (const [command, fields] of Object.entries(ANSWERS))
      session.on(command, (pdu) => {
        requests.push(pdu)
        // This library modifies the object that it is given.
        session.send(pdu.response(structuredClone(fields)))
      })
    session.on('unbind', (pdu) => session.send(pdu.response(), () => session.close()))
    session.on('error', () => session.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const session of sessions.all) session.destroy()
    server.close()
  })
  return { port: server.address().port, sessions, requests }
}

async function bound(
  { port, sessions, requests }: OtherServer,
  options: Partial<ConnectSmppOptions> = {},
) {
  const closed = new Inbox<string>()
  const session = await connectSmpp({
    host: '127.0.0.1',
    port,
    command: 'bind_transceiver',
    system_id: 'ours',
    password: 'secret',
    windowSize: 10,
    timers: TIMERS,
    ...options,
    events: { ...options.events, onClosed: (_, reason) => closed.push(reason) },
  })
  onTestFinished(() => session.close('the test is over'))
  const other = await sessions.next()
  const bind = await requests.next()
  return { session, other, bind, closed }
}

const V5_0 = { interface_version: INTERFACE_VERSION.V5_0 }

test.each(BINDS)(
  'our client binds with %s, and the server reads the fields of the bind',
  async (command) => {
    const server = await otherServer({ sc_interface_version: 0x34 })
    const { session, bind } = await bound(server, { command, ...V5_0 })
    expect(bind).toMatchObject({
      command,
      system_id: 'ours',
      password: 'secret',
      interface_version: 0x50,
    })
    expect(session.interfaceVersion).toBe(INTERFACE_VERSION.V3_4)
    const canSubmit = command !== 'bind_receiver'
    expect(session.canSend('submit_sm')).toBe(canSubmit)
  },
)

test('a refused bind without a body rejects with the command_status', async () => {
  const server = await otherServer({ command_status: ESME_RBINDFAIL })
  const error = await bound(server).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(BindRefusedError)
  expect(error).toMatchObject({ commandStatus: ESME_RBINDFAIL })
})

test('the server reads the text, fields and TLVs of our submit_sm and data_sm', async () => {
  const server = await otherServer()
  const { session } = await bound(server)
  const text = 'Привет, 東京 👋'
  const segmented = segmentText(text, { reference: 1 })
  if (segmented.kind !== 'segmented') throw new Error(segmented.kind)
  const answer = await ask(session, 'submit_sm', {
    source_addr: 'Shop',
    destination_addr: '447700900123',
    validity_period: '261231235958000+',
    ...segmented.segments[0],
    tlvs: [
      tlv('user_message_reference', 0xbeef),
      tlv('source_port', 9200),
      tlv('callback_num', Buffer.from('\x01\x01\x014477')),
      tlv('callback_num', Buffer.from('\x01\x02\x010800')),
    ],
  })
  expect(answer).toMatchObject({ command: 'submit_sm_resp', message_id: 'id-1' })
  const submit = await server.requests.next()
  expect(submit).toMatchObject({
    source_addr: 'Shop',
    destination_addr: '447700900123',
    data_coding: 8,
    short_message: { message: text },
    user_message_reference: 0xbeef,
    source_port: 9200,
    callback_num: [{ number: '4477' }, { ton: 2, number: '0800' }],
  })
  expect(submit.validity_period).toEqual(new Date(Date.UTC(2026, 11, 31, 23, 59, 58)))
  const payload = [tlv('message_payload', Buffer.from('long '.repeat(1000)))]
  const data = await ask(session, 'data_sm', { destination_addr: '4477', tlvs: payload })
  expect(data).toMatchObject({ command: 'data_sm_resp', message_id: 'id-2' })
  expect(await server.requests.next()).toMatchObject({
    message_payload: { message: 'long '.repeat(1000) },
  })
})

test('the server answers our query_sm, replace_sm, cancel_sm and submit_multi', async () => {
  const server = await otherServer()
  const { session } = await bound(server)
  const source = { message_id: 'id-1', source_addr: '4477' }
  expect(await ask(session, 'query_sm', source)).toMatchObject({
    command: 'query_sm_resp',
    message_id: 'id-1',
    final_date: '261231235958000+',
    message_state: 2,
    error_code: 7,
  })
  const replaced = { ...source, short_message: Buffer.from('other') }
  expect((await ask(session, 'replace_sm', replaced)).command_status).toBe(ESME_ROK)
  expect((await ask(session, 'cancel_sm', source)).command_status).toBe(ESME_ROK)
  const multi = await ask(session, 'submit_multi', {
    dest_address: [
      {
        dest_flag: DEST_FLAG.SME_ADDRESS,
        dest_addr_ton: 1,
        dest_addr_npi: 1,
        destination_addr: '4478',
      },
      { dest_flag: DEST_FLAG.DISTRIBUTION_LIST, dl_name: 'friends' },
    ],
  })
  const { unsuccess_sme } = ANSWERS['submit_multi']!
  expect(multi).toMatchObject({ message_id: 'id-3', unsuccess_sme })
  expect(await server.requests.next()).toMatchObject({ command: 'query_sm', ...source })
  expect(await server.requests.next()).toMatchObject({ command: 'replace_sm', ...replaced })
  expect(await server.requests.next()).toMatchObject({ command: 'cancel_sm', ...source })
  expect(await server.requests.next()).toMatchObject({
    dest_address: [{ destination_addr: '4478' }, { dl_name: 'friends' }],
  })
})

test('the server answers our broadcast requests of SMPP 5.0', async () => {
  const server = await otherServer({ sc_interface_version: 0x50 })
  const { session } = await bound(server, V5_0)
  const answer = await ask(session, 'broadcast_sm', {
    tlvs: [
      tlv('broadcast_area_identifier', Buffer.from('\0Rome')),
      tlv('broadcast_content_type', Buffer.from([1, 0, 0x10])),
      tlv('broadcast_rep_num', 3),
      tlv('broadcast_frequency_interval', Buffer.from([9, 0, 5])),
    ],
  })
  expect(answer).toMatchObject({ message_id: 'cell-1' })
  expect(await server.requests.next()).toMatchObject({
    broadcast_area_identifier: [{ format: 0, data: 'Rome' }],
  })
  const query = await ask(session, 'query_broadcast_sm', { message_id: 'cell-1' })
  expect(query).toMatchObject({
    command: 'query_broadcast_sm_resp',
    tlvs: [{ tag: 0x0427 }, { tag: 0x0606, octets: Buffer.from('\0Rome') }, { tag: 0x0608 }],
  })
  const cancel = await ask(session, 'cancel_broadcast_sm', { message_id: 'cell-1' })
  expect(cancel.command).toBe('cancel_broadcast_sm_resp')
})

test('our client reads a receipt, message and alert, and the server our answers', async () => {
  const delivered = new Inbox<Pdu<'deliver_sm'>>()
  const alerts = new Inbox<Pdu<'alert_notification'>>()
  const { other } = await bound(await otherServer(), {
    command: 'bind_receiver',
    events: {
      requests: {
        deliver_sm(session, pdu) {
          delivered.push(pdu)
          session.respond(pdu, delivered.all.length === 1 ? ESME_ROK : ESME_RTHROTTLED)
        },
      },
      onAlertNotification: (_, pdu) => alerts.push(pdu),
    },
  })
  const deliver = (fields: Record<string, unknown>) =>
    new Promise<OtherPdu>((resolve) => other.deliver_sm(fields, resolve))
  const receipt = await deliver({
    source_addr: '4477',
    esm_class: 4,
    short_message: 'id:id-1 stat:DELIVRD err:000 text:hi',
    receipted_message_id: 'id-1',
    message_state: 2,
  })
  expect(receipt).toMatchObject({ command: 'deliver_sm_resp', command_status: ESME_ROK })
  expect(parseReceipt(await delivered.next())).toMatchObject({ id: 'id-1', messageState: 2 })
  const refused = await deliver({ source_addr: '4477', short_message: 'Привет 👋' })
  expect(refused.command_status).toBe(ESME_RTHROTTLED)
  expect(messageText(await delivered.next())).toBe('Привет 👋')
  other.alert_notification({ source_addr: '4477', esme_addr: 'ours', ms_availability_status: 0 })
  expect(await alerts.next()).toMatchObject({ source_addr: '4477', esme_addr: 'ours' })
})

test('the server answers our unbind', async () => {
  const { session, closed } = await bound(await otherServer())
  await session.unbind()
  expect(closed.all).toHaveLength(1)
})

test('our client answers enquire_link and unbind from the server', async () => {
  const { session, other, closed } = await bound(await otherServer())
  const link = await new Promise<OtherPdu>((resolve) => other.enquire_link({}, resolve))
  expect(link.command).toBe('enquire_link_resp')
  const left = await new Promise<OtherPdu>((resolve) => other.unbind(resolve))
  expect(left).toMatchObject({ command: 'unbind_resp', command_status: ESME_ROK })
  await closed.next()
  expect(session.state).toBe('CLOSED')
})
