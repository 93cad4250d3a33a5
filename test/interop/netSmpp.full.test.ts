// Runs a client made with Net::SMPP (Debian) against our server, and our client against a server
// made with it. The Perl scripts beside this file run a fixed sequence and print the PDUs that they
// receive.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import {
  connectSmpp,
  DEST_FLAG,
  ESME_RCANCELFAIL,
  ESME_RINVDSTADR,
  ESME_ROK,
  INTERFACE_VERSION,
  MESSAGE_STATE,
  messageText,
  parseReceipt,
  readTlv,
  receiptBody,
  tlv,
  type BindCommand,
  type Pdu,
} from '../../src/smpp/index.ts'
import { Inbox } from '../../src/smpp/testing/servedPeer.fixture.ts'
import { ask } from './ask.ts'
import { debianProgram, howToInstall, isMissing } from './debianProgram.ts'
import { recordingServer, TIMERS } from './recordingServer.ts'
import { RunningProgram } from './runningProgram.ts'

const { V3_4 } = INTERFACE_VERSION

/** A line of JSON from a script: `step`, and the fields of the PDU that the script received. */
interface Said {
  readonly step: string
  readonly [field: string]: unknown
}

function script(name: string, ...args: string[]) {
  const program = new RunningProgram(debianProgram('perl', 'perl'), [
    join(import.meta.dirname, name),
    ...args,
  ])
  onTestFinished(() => program.stop())
  // Scripts print objects that have a step.
  const said = async (step: string) => JSON.parse(await program.line(`"step":"${step}"`)) as Said
  return { program, said }
}

// If all tests are skipped, the hook below does not run.
const withNetSmpp = test.skipIf(isMissing('SIGNALBOX_NO_NET_SMPP'))
vi.setConfig({ testTimeout: 30_000 })

beforeAll(() => {
  const { status } = spawnSync('perl', ['-MNet::SMPP', '-e', '1'])
  if (status !== 0) throw new Error(howToInstall('Net::SMPP', 'libnet-smpp-perl'))
})

withNetSmpp(
  'a Net::SMPP client binds in each way, sends each request and gets our answers',
  async () => {
    const failed = {
      dest_addr_ton: 1,
      dest_addr_npi: 1,
      destination_addr: '4478',
      error_status_code: ESME_RINVDSTADR,
    }
    const server = await recordingServer({
      submit_sm: () => ({ message_id: 'id-1' }),
      data_sm: () => ({ message_id: 'id-2' }),
      submit_multi: () => ({ message_id: 'id-3', unsuccess_sme: [failed] }),
      query_sm: (_, { message_id }) => ({
        message_id,
        final_date: '261231235958000+',
        message_state: MESSAGE_STATE.DELIVERED,
        error_code: 7,
      }),
    })
    onTestFinished(server.stop)
    const { said } = script('netSmppClient.pl', String(server.port))
    for (const way of ['transmitter', 'receiver', 'transceiver']) {
      const answer = await said(`bind_${way}`)
      expect(answer).toMatchObject({ status: ESME_ROK, system_id: 'Signalbox' })
      expect(answer['sc_interface_version']).toBe('\x50')
    }
    expect(await said('unbind_transmitter')).toMatchObject({ cmd: 0x80000006, status: ESME_ROK })
    expect(await said('unbind_receiver')).toMatchObject({ cmd: 0x80000006, status: ESME_ROK })
    expect(await said('submit_sm')).toMatchObject({ status: ESME_ROK, message_id: 'id-1' })
    expect(await said('payload')).toMatchObject({ status: ESME_ROK, message_id: 'id-1' })
    expect(await said('data_sm')).toMatchObject({ status: ESME_ROK, message_id: 'id-2' })
    expect(await said('query_sm')).toMatchObject({
      message_id: 'id-1',
      final_date: '261231235958000+',
      message_state: 2,
      error_code: 7,
    })
    expect(await said('replace_sm')).toMatchObject({ cmd: 0x80000007, status: ESME_ROK })
    expect(await said('cancel_sm')).toMatchObject({ cmd: 0x80000008, status: ESME_ROK })
    expect(await said('submit_multi')).toMatchObject({
      message_id: 'id-3',
      no_unsuccess: 1,
      destination_addr: ['4478'],
      error_status_code: [ESME_RINVDSTADR],
    })
    expect(await said('enquire_link')).toMatchObject({ cmd: 0x80000015, status: ESME_ROK })
    const commands = server.requests.all.map(({ command }) => command)
    expect(commands).toEqual([
      'submit_sm',
      'submit_sm',
      'data_sm',
      'query_sm',
      'replace_sm',
      'cancel_sm',
      'submit_multi',
    ])
  },
)

withNetSmpp('every field and TLV from a Net::SMPP client is decoded correctly', async () => {
  const server = await recordingServer()
  onTestFinished(server.stop)
  const { said } = script('netSmppClient.pl', String(server.port))
  await said('listening')
  expect(server.binds.all[2]?.pdu).toMatchObject({
    command: 'bind_transceiver',
    system_id: 'perl',
    password: 'secret',
    system_type: 'test',
    interface_version: V3_4,
  })
  const [submit, payload, data, query, replace, cancel, multi] = server.requests.all
  if (submit?.command !== 'submit_sm' || payload?.command !== 'submit_sm')
    throw new Error('no submit_sm arrived')
  const source = { source_addr: '4477', source_addr_ton: 1, source_addr_npi: 1 }
  expect(submit).toMatchObject({
    ...source,
    destination_addr: '4478',
    validity_period: '000002000000000R',
    registered_delivery: 1,
    short_message: Buffer.from('hello'),
  })
  expect(readTlv(submit.tlvs, 'user_message_reference')).toBe(0xbeef)
  expect(readTlv(submit.tlvs, 'source_port')).toBe(9200)
  expect(readTlv(submit.tlvs, 'dest_subaddress')?.toString('hex')).toBe('a0313233')
  expect(messageText(payload)).toBe('пр👋'.repeat(1000))
  expect(data?.command === 'data_sm' && messageText(data)).toBe('data')
  expect(query).toMatchObject({ ...source, message_id: 'id-1' })
  expect(replace).toMatchObject({ ...source, short_message: Buffer.from('new') })
  expect(cancel).toMatchObject({ ...source, message_id: 'id-1', destination_addr: '4478' })
  expect(multi).toMatchObject({
    dest_address: [
      { dest_flag: DEST_FLAG.SME_ADDRESS, destination_addr: '4478' },
      { dest_flag: DEST_FLAG.DISTRIBUTION_LIST, dl_name: 'friends' },
    ],
    short_message: Buffer.from('to all'),
  })
})

withNetSmpp('a Net::SMPP client acknowledges a receipt and a message, and unbinds', async () => {
  const server = await recordingServer()
  onTestFinished(server.stop)
  const { program, said } = script('netSmppClient.pl', String(server.port))
  await said('listening')
  const { session } = server.binds.all[2]!
  const body = receiptBody({
    id: 'id-1',
    sub: 1,
    dlvrd: 1,
    submitDate: new Date(0),
    doneDate: new Date(0),
    messageState: MESSAGE_STATE.DELIVERED,
    err: '0',
    text: 'hello',
  })
  const to = { source_addr: '4478', destination_addr: '4477' }
  const receipt = await ask(session, 'deliver_sm', { ...to, ...body })
  expect(receipt).toMatchObject({ command: 'deliver_sm_resp', command_status: ESME_ROK })
  const payload = [tlv('message_payload', Buffer.from('long '.repeat(2000)))]
  const message = await ask(session, 'deliver_sm', { ...to, tlvs: payload })
  expect(message.command_status).toBe(ESME_ROK)
  await said('unbind')
  const came = program.lines.filter((line) => line.includes('"step":"came"'))
  // Scripts print objects that have a step.
  const [first, second] = came.map((line) => JSON.parse(line) as Said)
  expect(first).toMatchObject({
    ...to,
    esm_class: 4,
    receipted_message_id: 'id-1\0',
    message_state: '\x02',
    short_message: body.short_message.toString('latin1'),
  })
  expect(second).toMatchObject({ ...to, message_payload: 'long '.repeat(2000) })
})

async function bound(port: number, command: BindCommand) {
  const delivered = new Inbox<Pdu<'deliver_sm'>>()
  const closed = new Inbox<string>()
  const session = await connectSmpp({
    host: '127.0.0.1',
    port,
    command,
    system_id: 'ours',
    password: 'secret',
    windowSize: 10,
    timers: TIMERS,
    events: {
      requests: {
        deliver_sm(owner, pdu) {
          delivered.push(pdu)
          owner.respond(pdu, ESME_ROK)
        },
      },
      onClosed: (_, reason) => closed.push(reason),
    },
  })
  onTestFinished(() => session.close('the test is over'))
  return { session, delivered, closed }
}

/** Starts a Net::SMPP server and binds to it as a transceiver. */
async function toServer() {
  const { program, said } = script('netSmppServer.pl')
  const port = Number((await said('listening'))['port'])
  return { program, said, port, ...(await bound(port, 'bind_transceiver')) }
}

withNetSmpp('our client binds to a Net::SMPP server in each way, and unbinds', async () => {
  const { program, said } = script('netSmppServer.pl')
  const port = Number((await said('listening'))['port'])
  for (const way of ['transmitter', 'receiver', 'transceiver'] as const) {
    const { session, closed } = await bound(port, `bind_${way}`)
    expect(await said(`bind_${way}`)).toMatchObject({
      system_id: 'ours',
      password: 'secret',
      interface_version: V3_4,
    })
    expect(session.interfaceVersion).toBe(V3_4)
    await session.unbind()
    expect(closed.all).toHaveLength(1)
  }
  await program.line('"step":"unbind"')
})

withNetSmpp(
  'a Net::SMPP server reads our submit_sm with its TLVs, and we read its receipt',
  async () => {
    const { session, said, delivered } = await toServer()
    const answer = await ask(session, 'submit_sm', {
      source_addr: 'Shop',
      source_addr_ton: 5,
      destination_addr: '4478',
      validity_period: '000002000000000R',
      registered_delivery: 1,
      data_coding: 8,
      short_message: Buffer.from('Привет', 'utf16le').swap16(),
      tlvs: [
        tlv('user_message_reference', 0xbeef),
        tlv('receipted_message_id', 'other'),
        tlv('message_payload', Buffer.alloc(5000, 'x')),
      ],
    })
    expect(answer).toMatchObject({ command: 'submit_sm_resp', message_id: 'perl-1' })
    expect(await said('submit_sm')).toMatchObject({
      source_addr: 'Shop',
      source_addr_ton: 5,
      destination_addr: '4478',
      validity_period: '000002000000000R',
      data_coding: 8,
      short_message: Buffer.from('Привет', 'utf16le').swap16().toString('latin1'),
      user_message_reference: '\xbe\xef',
      receipted_message_id: 'other\0',
      message_payload: 'x'.repeat(5000),
    })
    expect(parseReceipt(await delivered.next())).toMatchObject({
      id: 'perl-1',
      messageState: MESSAGE_STATE.DELIVERED,
      doneDate: '2611231201',
    })
    expect(await said('deliver_sm_resp')).toMatchObject({ status: ESME_ROK })
  },
)

withNetSmpp('a Net::SMPP server answers each of our requests', async () => {
  const { session, said } = await toServer()
  const source = { message_id: 'perl-1', source_addr: '4477' }
  const data = await ask(session, 'data_sm', { destination_addr: '4478' })
  expect(data).toMatchObject({ command: 'data_sm_resp', message_id: 'perl-2' })
  expect(await ask(session, 'query_sm', source)).toMatchObject({
    command: 'query_sm_resp',
    message_id: 'perl-1',
    final_date: '261231235958000+',
    message_state: 2,
    error_code: 7,
  })
  const replaced = await ask(session, 'replace_sm', {
    ...source,
    short_message: Buffer.from('new'),
  })
  expect(replaced).toMatchObject({ command: 'replace_sm_resp', command_status: ESME_ROK })
  expect((await ask(session, 'cancel_sm', source)).command_status).toBe(ESME_RCANCELFAIL)
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
  expect(multi).toMatchObject({
    message_id: 'perl-3',
    unsuccess_sme: [{ destination_addr: '4478', error_status_code: ESME_RINVDSTADR }],
  })
  expect(await said('replace_sm')).toMatchObject({ ...source, short_message: 'new' })
  expect(await said('cancel_sm')).toMatchObject(source)
  expect(await said('submit_multi')).toMatchObject({
    dest_flag: [1, 2],
    destination_addr: ['4478', 'friends'],
  })
})

withNetSmpp('our client answers enquire_link and unbind from a Net::SMPP server', async () => {
  const { session, said, closed } = await toServer()
  await ask(session, 'submit_sm', { destination_addr: 'leave' })
  expect(await said('enquire_link_resp')).toMatchObject({ status: ESME_ROK })
  expect(await said('unbind_resp')).toMatchObject({ status: ESME_ROK })
  await closed.next()
  expect(session.state).toBe('CLOSED')
})
