// Runs a client of another implementation (npm `smpp`) against our server.

import { connect, type Pdu as OtherPdu, type Request, type Session as OtherSession } from 'smpp'
import { expect, onTestFinished, test } from 'vitest'
import {
  decodeText,
  DEST_FLAG,
  ESME_RINVDSTADR,
  ESME_ROK,
  ESME_RX_T_APPN,
  INTERFACE_VERSION,
  MESSAGE_STATE,
  messageText,
  readRepeatedTlv,
  readTlv,
  receiptBody,
  tlv,
  type BindCommand,
  type Session,
} from '../../src/smpp/index.ts'
import { ask } from './ask.ts'
import { recordingServer, type Answers } from './recordingServer.ts'

const BINDS = ['bind_transmitter', 'bind_receiver', 'bind_transceiver'] as const

function connected(port: number): Promise<OtherSession> {
  return new Promise((resolve, reject) => {
    const session = connect({ url: `smpp://127.0.0.1:${port}` })
    session.on('connect', () => resolve(session))
    session.on('error', reject)
    onTestFinished(() => session.destroy())
  })
}

function call(
  session: OtherSession,
  command: Request,
  fields: Record<string, unknown> = {},
): Promise<OtherPdu> {
  return new Promise((resolve) => session[command](fields, resolve))
}

/** Binds a client. Resolves to it and to the session of our server. */
async function bound(answers: Answers = {}, command: BindCommand = 'bind_transceiver') {
  const server = await recordingServer(answers)
  onTestFinished(server.stop)
  const client = await connected(server.port)
  const answer = await call(client, command, { system_id: 'npm', password: 'secret' })
  const { session, pdu } = await server.binds.next()
  return { server, client, answer, session, bind: pdu }
}

test.each(BINDS)(
  'the client binds with %s, and gets our system_id and version',
  async (command) => {
    const { answer, session, bind } = await bound({}, command)
    const { V5_0 } = INTERFACE_VERSION
    expect(answer).toMatchObject({
      command: `${command}_resp`,
      command_status: ESME_ROK,
      system_id: 'Signalbox',
      sc_interface_version: V5_0,
    })
    expect(bind).toMatchObject({ command, system_id: 'npm', password: 'secret' })
    expect(session.interfaceVersion).toBe(V5_0)
  },
)

test('a submit_sm from the client arrives with every field and TLV that it set', async () => {
  const { server, client } = await bound({ submit_sm: () => ({ message_id: 'id-1' }) })
  const text = 'Привет, 5 € für 東京 👋'
  const answer = await call(client, 'submit_sm', {
    service_type: 'CMT',
    source_addr_ton: 5,
    source_addr: 'Shop',
    dest_addr_ton: 1,
    dest_addr_npi: 1,
    destination_addr: '447700900123',
    schedule_delivery_time: new Date(Date.UTC(2026, 11, 31, 23, 59, 58, 700)),
    validity_period: '000002000000',
    registered_delivery: 1,
    short_message: text,
    user_message_reference: 0xbeef,
    qos_time_to_live: 0xfffffffe,
    source_port: 9200,
    callback_num: [
      { digit_mode: 1, ton: 1, npi: 1, number: '4477' },
      { digit_mode: 1, ton: 2, npi: 1, number: '0800' },
    ],
    source_subaddress: Buffer.from('a0313233', 'hex'),
    dest_network_id: '1234567',
  })
  expect(answer).toMatchObject({ command_status: ESME_ROK, message_id: 'id-1' })
  const pdu = await server.requests.next()
  if (pdu.command !== 'submit_sm') throw new Error(`got ${pdu.command}`)
  expect(pdu).toMatchObject({
    service_type: 'CMT',
    source_addr_ton: 5,
    source_addr: 'Shop',
    dest_addr_ton: 1,
    dest_addr_npi: 1,
    destination_addr: '447700900123',
    schedule_delivery_time: '261231235958700+',
    validity_period: '000002000000000R',
    registered_delivery: 1,
    data_coding: 8,
  })
  expect(messageText(pdu)).toBe(text)
  expect(readTlv(pdu.tlvs, 'user_message_reference')).toBe(0xbeef)
  expect(readTlv(pdu.tlvs, 'qos_time_to_live')).toBe(0xfffffffe)
  expect(readTlv(pdu.tlvs, 'source_port')).toBe(9200)
  expect(readTlv(pdu.tlvs, 'source_subaddress')?.toString('hex')).toBe('a0313233')
  expect(readTlv(pdu.tlvs, 'dest_network_id')).toBe('1234567')
  const callbacks = readRepeatedTlv(pdu.tlvs, 'callback_num').map((octets) => octets?.toString())
  expect(callbacks).toEqual(['\x01\x01\x014477', '\x01\x02\x010800'])
})

test('a GSM text arrives intact, including characters of the extension table', async () => {
  const { server, client } = await bound()
  const text = 'Grüße: 5 € [{~}] @ ÄÖÜ Δ_Ω'
  await call(client, 'submit_sm', { data_coding: 0, short_message: text })
  await call(client, 'data_sm', { data_coding: 0, message_payload: text.repeat(20) })
  const [submit, data] = [await server.requests.next(), await server.requests.next()]
  if (submit.command !== 'submit_sm' || data.command !== 'data_sm')
    throw new Error('got other requests')
  expect(decodeText(submit.data_coding, submit.short_message)).toBe(text)
  expect(messageText(data)).toBe(text.repeat(20))
})

test('the client queries, replaces and cancels, and reads our answers', async () => {
  const { server, client } = await bound({
    query_sm: (_, { message_id }) => ({
      message_id,
      final_date: '261231235958000+',
      message_state: MESSAGE_STATE.DELIVERED,
      error_code: 7,
    }),
  })
  const source = { source_addr_ton: 1, source_addr_npi: 1, source_addr: '4477' }
  const query = await call(client, 'query_sm', { message_id: 'id-1', ...source })
  expect(query).toMatchObject({ message_id: 'id-1', message_state: 2, error_code: 7 })
  expect(query.final_date).toEqual(new Date(Date.UTC(2026, 11, 31, 23, 59, 58)))
  const fields = { message_id: 'id-1', ...source, short_message: Buffer.from('other') }
  expect((await call(client, 'replace_sm', fields)).command_status).toBe(ESME_ROK)
  const cancelled = { message_id: 'id-1', ...source, destination_addr: '4478' }
  expect((await call(client, 'cancel_sm', cancelled)).command_status).toBe(ESME_ROK)
  expect(await server.requests.next()).toMatchObject({ command: 'query_sm', ...source })
  expect(await server.requests.next()).toMatchObject({ command: 'replace_sm', ...fields })
  expect(await server.requests.next()).toMatchObject({ command: 'cancel_sm', ...cancelled })
})

test('a submit_multi with an address and a list arrives, and its failures are read', async () => {
  const failed = {
    dest_addr_ton: 1,
    dest_addr_npi: 1,
    destination_addr: '4478',
    error_status_code: ESME_RINVDSTADR,
  }
  const { server, client } = await bound({
    submit_multi: () => ({ message_id: 'multi-1', unsuccess_sme: [failed] }),
  })
  const addresses = [
    { dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: '4478' },
    { dl_name: 'friends' },
  ]
  const answer = await call(client, 'submit_multi', { dest_address: addresses })
  expect(answer).toMatchObject({ message_id: 'multi-1', unsuccess_sme: [failed] })
  expect(await server.requests.next()).toMatchObject({
    dest_address: [
      { dest_flag: DEST_FLAG.SME_ADDRESS, ...addresses[0] },
      { dest_flag: DEST_FLAG.DISTRIBUTION_LIST, dl_name: 'friends' },
    ],
  })
})

test('a broadcast_sm from the client arrives with its required TLVs', async () => {
  const { server, client } = await bound({ broadcast_sm: () => ({ message_id: 'cell-1' }) })
  const fields = {
    message_id: '',
    broadcast_area_identifier: ['Rome', 'Milan'],
    broadcast_content_type: { network: 1, content_type: 0x10 },
    broadcast_rep_num: 3,
    broadcast_frequency_interval: { unit: 9, interval: 5 },
  }
  const answer = await call(client, 'broadcast_sm', { ...fields, data_coding: 0 })
  expect(answer).toMatchObject({ command_status: ESME_ROK, message_id: 'cell-1' })
  const pdu = await server.requests.next()
  if (pdu.command !== 'broadcast_sm') throw new Error(`got ${pdu.command}`)
  const areas = readRepeatedTlv(pdu.tlvs, 'broadcast_area_identifier')
  expect(areas.map((area) => area?.toString())).toEqual(['\0Rome', '\0Milan'])
  expect(readTlv(pdu.tlvs, 'broadcast_rep_num')).toBe(3)
  expect(readTlv(pdu.tlvs, 'broadcast_frequency_interval')?.toString('hex')).toBe('090005')
})

test('the client reads our receipt and message, and we read its answers', async () => {
  const { client, session } = await bound()
  const came: OtherPdu[] = []
  client.on('deliver_sm', (pdu) => {
    came.push(pdu)
    // When this library refuses a request, it sends only the header.
    const command_status = came.length === 2 ? ESME_RX_T_APPN : ESME_ROK
    client.send(pdu.response({ command_status }))
  })
  const receipt = await ask(session, 'deliver_sm', {
    source_addr: '4477',
    destination_addr: 'Shop',
    ...receiptBody({
      id: 'id-1',
      sub: 1,
      dlvrd: 1,
      submitDate: new Date(0),
      doneDate: new Date(0),
      messageState: MESSAGE_STATE.DELIVERED,
      err: '0',
      text: 'hello',
    }),
  })
  expect(receipt.command_status).toBe(ESME_ROK)
  expect(came[0]).toMatchObject({ esm_class: 4, message_state: 2, source_addr: '4477' })
  // This library keeps the NUL of a C-octet string in a TLV.
  expect(came[0]?.receipted_message_id?.replace(/\0$/, '')).toBe('id-1')
  expect(came[0]?.short_message).toMatchObject({
    message: expect.stringContaining('id:id-1 sub:001 dlvrd:001'),
  })
  const text = Buffer.from('Привет', 'utf16le').swap16()
  const payload = [tlv('message_payload', text)]
  const message = await ask(session, 'deliver_sm', { data_coding: 8, tlvs: payload })
  expect(message.command_status).toBe(ESME_RX_T_APPN)
  expect(came[1]?.message_payload).toMatchObject({ message: 'Привет' })
})

test('the client gets our alert_notification and data_sm', async () => {
  const { client, session } = await bound({}, 'bind_receiver')
  const alert = new Promise<OtherPdu>((resolve) => client.on('alert_notification', resolve))
  client.on('data_sm', (pdu) => client.send(pdu.response({ message_id: 'd-1' })))
  session.notify('alert_notification', { source_addr: '4477', esme_addr: 'npm' })
  expect(await alert).toMatchObject({ source_addr: '4477', esme_addr: 'npm' })
  const answer = await ask(session, 'data_sm', { destination_addr: '4477' })
  expect(answer).toMatchObject({ command: 'data_sm_resp', message_id: 'd-1' })
})

test('the server answers enquire_link and unbind of the client', async () => {
  const { server, client } = await bound()
  expect((await call(client, 'enquire_link')).command).toBe('enquire_link_resp')
  const left = await new Promise<OtherPdu>((resolve) => client.unbind(resolve))
  expect(left).toMatchObject({ command: 'unbind_resp', command_status: ESME_ROK })
  await server.closed.next()
  expect(server.server.sessions.size).toBe(0)
})

test('the server sends unbind only after the last answer of the client', async () => {
  const { client, session } = await bound()
  const order: string[] = []
  client.on('deliver_sm', (pdu) => {
    order.push('deliver_sm')
    setImmediate(() => client.send(pdu.response()))
  })
  client.on('unbind', (pdu) => {
    order.push('unbind')
    client.send(pdu.response(), () => client.close())
  })
  const answered = ask(session, 'deliver_sm', { source_addr: '4477' })
  await leave(session)
  expect((await answered).command_status).toBe(ESME_ROK)
  expect(order).toEqual(['deliver_sm', 'unbind'])
})

async function leave(session: Session): Promise<void> {
  await session.unbind()
  expect(session.state).toBe('CLOSED')
}
