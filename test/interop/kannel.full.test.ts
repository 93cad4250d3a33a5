// Runs Kannel (Debian) as a client of our server. Its bearerbox binds. Its smsbox accepts messages
// over HTTP and calls back with receipts and with messages from handsets.

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import {
  decodeText,
  ESME_RINVDSTADR,
  ESME_ROK,
  ESME_RTHROTTLED,
  joinText,
  MESSAGE_STATE,
  messageText,
  readUserData,
  Reassembler,
  receiptBody,
  segmentText,
  type MessageState,
  type Pdu,
  type Session,
} from '../../src/smpp/index.ts'
import { Inbox } from '../../src/smpp/testing/servedPeer.fixture.ts'
import { ask } from './ask.ts'
import { isMissing } from './debianProgram.ts'
import { startKannel, type KannelBox } from './kannelBox.ts'
import { recordingServer, type RecordingServer } from './recordingServer.ts'

const DELIVERED = '1'
const FAILED = '2'
const REJECTED = '16'
const UCS2 = '2'
const FROM_SMSC = '31'
/** Our server refuses every message to NOBODY, and throttles the first message to BUSY. */
const NOBODY = '449999'
const BUSY = '448888'

// If all tests are skipped, the hooks below do not run.
const withKannel = test.skipIf(isMissing('SIGNALBOX_NO_KANNEL'))
vi.setConfig({ testTimeout: 30_000 })

const web = new Inbox<URL>()
let webServer: Server
let webUrl: string
let server: RecordingServer
let kannel: KannelBox
let ids = 0

beforeAll(async () => {
  webServer = createServer((request, response) => {
    web.push(new URL(request.url ?? '/', 'http://localhost'))
    response.end()
  })
  await new Promise<void>((resolve) => webServer.listen(0, '127.0.0.1', resolve))
  // The address of a TCP server is an object; only a pipe has a string.
  webUrl = `http://127.0.0.1:${(webServer.address() as AddressInfo).port}`
  const throttled = new Set<string>()
  server = await recordingServer({
    submit_sm(_, { destination_addr }) {
      if (destination_addr === NOBODY) return { command_status: ESME_RINVDSTADR }
      if (destination_addr !== BUSY || throttled.has(BUSY)) return { message_id: `id-${++ids}` }
      throttled.add(BUSY)
      return { command_status: ESME_RTHROTTLED }
    },
  })
  kannel = await startKannel({ smppPort: server.port, messageUrl: `${webUrl}/message` })
  for (let binds = 0; binds < 3; binds++) await server.binds.next()
}, 60_000)

afterEach(({ task }) => {
  if (task.result?.state === 'fail') console.log(kannel.lines().slice(-200).join('\n'))
})

afterAll(async () => {
  await kannel?.stop()
  await server?.stop()
  webServer.closeAllConnections()
  await new Promise((resolve) => webServer.close(resolve))
})

function sessionOf(command: string, system_id: string): Session {
  const found = server.binds.all.find(
    ({ pdu }) => pdu.command === command && pdu.system_id === system_id,
  )
  if (!found) throw new Error(`no ${command} of ${system_id}`)
  return found.session
}

/** Sends a message over HTTP and resolves to the resulting submit_sm. */
async function submitted(parameters: Record<string, string>): Promise<Pdu<'submit_sm'>> {
  expect(await kannel.sendSms({ from: '13013', ...parameters })).toMatch(/^0: Accepted/)
  return nextSubmit()
}

async function nextSubmit(): Promise<Pdu<'submit_sm'>> {
  const pdu = await server.requests.next()
  if (pdu.command !== 'submit_sm') throw new Error(`got ${pdu.command} instead of submit_sm`)
  return pdu
}

function receiptFor(
  { source_addr, destination_addr }: Pdu<'submit_sm'>,
  messageState: MessageState,
) {
  return {
    source_addr: destination_addr,
    destination_addr: source_addr,
    ...receiptBody({
      id: `id-${ids}`,
      sub: 1,
      dlvrd: messageState === MESSAGE_STATE.DELIVERED ? 1 : 0,
      submitDate: new Date(0),
      doneDate: new Date(0),
      messageState,
      err: '0',
      text: '',
    }),
  }
}

withKannel('Kannel binds as a transceiver, and as a transmitter and receiver', () => {
  const binds = server.binds.all.map(({ pdu }) => `${pdu.system_id} ${pdu.command}`)
  expect(binds.toSorted()).toEqual([
    'split bind_receiver',
    'split bind_transmitter',
    'trx bind_transceiver',
  ])
  for (const { pdu, session } of server.binds.all) {
    expect(pdu).toMatchObject({ password: 'secret', system_type: 'VMA' })
    expect(session.interfaceVersion).toBe(0x34)
  }
})

withKannel.each([
  ['trx', 'bind_transceiver'],
  ['split', 'bind_receiver'],
])('Kannel submits over %s and acknowledges the receipt over its %s', async (smsc, receiver) => {
  const dlrUrl = `${webUrl}/receipt?type=%d&smsc=%i`
  const wanted = { to: '447700900123', text: 'hello', smsc, 'dlr-url': dlrUrl }
  const pdu = await submitted({ ...wanted, 'dlr-mask': FROM_SMSC })
  expect(pdu).toMatchObject({
    source_addr: '13013',
    destination_addr: '447700900123',
    short_message: Buffer.from('hello'),
  })
  expect(pdu.registered_delivery & 1).toBe(1)
  // The first callback reports our submit_sm_resp.
  expect((await web.next()).searchParams.get('type')).toBe('8')
  const { DELIVERED: delivered } = MESSAGE_STATE
  const answer = await ask(sessionOf(receiver, smsc), 'deliver_sm', receiptFor(pdu, delivered))
  expect(answer).toMatchObject({ command: 'deliver_sm_resp', command_status: ESME_ROK })
  const { pathname, searchParams } = await web.next()
  expect(pathname).toBe('/receipt')
  expect(Object.fromEntries(searchParams)).toEqual({ type: DELIVERED, smsc })
})

withKannel('Kannel reports a failure if the receipt has a failed state', async () => {
  const dlrUrl = `${webUrl}/receipt?type=%d`
  const wanted = { to: '447700900124', text: 'hello', smsc: 'trx', 'dlr-url': dlrUrl }
  const pdu = await submitted({ ...wanted, 'dlr-mask': '3' })
  const body = receiptFor(pdu, MESSAGE_STATE.UNDELIVERABLE)
  const answer = await ask(sessionOf('bind_transceiver', 'trx'), 'deliver_sm', body)
  expect(answer.command_status).toBe(ESME_ROK)
  expect((await web.next()).searchParams.get('type')).toBe(FAILED)
})

withKannel('Kannel reports our refusal, and sends a throttled message again', async () => {
  const dlr = { 'dlr-url': `${webUrl}/receipt?type=%d`, 'dlr-mask': FROM_SMSC }
  await submitted({ to: NOBODY, text: 'hello', smsc: 'split', ...dlr })
  expect((await web.next()).searchParams.get('type')).toBe(REJECTED)
  await submitted({ to: BUSY, text: 'hello', smsc: 'split' })
  const again = await nextSubmit()
  expect(again).toMatchObject({ destination_addr: BUSY, short_message: Buffer.from('hello') })
})

withKannel.each([
  ['GSM text with € and brackets', '0', 'Grüße: 5 € [{~}] @ ÄÖÜ Δ_Ω', 0],
  ['UCS-2 text', '2', 'Привет, 東京 €', 8],
])('%s from Kannel is decoded correctly', async (_, coding, text, data_coding) => {
  const pdu = await submitted({ to: '4477', text, coding, charset: 'UTF-8', smsc: 'trx' })
  expect(pdu.data_coding).toBe(data_coding)
  expect(messageText(pdu)).toBe(text)
})

withKannel.each([
  ['GSM', '0', 'Grüße für 5 € [und mehr]. '.repeat(14)],
  ['UCS-2', '2', 'Привет, 東京. '.repeat(14)],
])('our Reassembler joins the parts of a long %s text from Kannel', async (_, coding, text) => {
  const pending: Pdu<'submit_sm'>[] = [
    await submitted({ to: '4477', text, coding, charset: 'UTF-8', smsc: 'trx' }),
  ]
  const reassembler = new Reassembler<undefined>({
    timeLimitMs: 60_000,
    octetsMax: 1_000_000,
    nowMs: () => performance.now(),
    onIncomplete: () => undefined,
  })
  const { concatenation } = readUserData(pending[0]!)
  expect(concatenation?.total).toBeGreaterThan(2)
  while (pending.length < concatenation!.total) pending.push(await nextSubmit())
  const outcomes = pending.map((pdu) =>
    reassembler.add(pdu.source_addr, pdu.destination_addr, readUserData(pdu), undefined),
  )
  const last = outcomes.at(-1)
  expect(last?.kind === 'whole' ? joinText(last.parts) : last?.kind).toBe(text)
  expect(pending.every(({ esm_class }) => (esm_class & 0x40) !== 0)).toBe(true)
})

withKannel.each([
  ['in GSM text', 'Can I pay 5 € [here]?'],
  ['in UCS-2', 'Привет, 東京'],
  ['in parts', 'A long story of 5 € [and more]. '.repeat(8)],
])('Kannel forwards a message from a handset %s', async (_, text) => {
  const segmented = segmentText(text, { reference: 7 })
  if (segmented.kind !== 'segmented') throw new Error(segmented.kind)
  const receiver = sessionOf('bind_receiver', 'split')
  const to = { source_addr: '447700900123', destination_addr: '13013' }
  for (const segment of segmented.segments) {
    const answer = await ask(receiver, 'deliver_sm', { ...to, ...segment })
    expect(answer).toMatchObject({ command: 'deliver_sm_resp', command_status: ESME_ROK })
  }
  const url = await web.next()
  const { from, to: called, smsc, coding } = Object.fromEntries(url.searchParams)
  expect({ path: url.pathname, from, called, smsc }).toEqual({
    path: '/message',
    from: '447700900123',
    called: '13013',
    smsc: 'split',
  })
  const octets = octetsIn(url, 'text')
  expect(coding === UCS2 ? decodeText(8, octets) : octets.toString('utf8')).toBe(text)
})

withKannel('Kannel unbinds when it is stopped', async () => {
  await kannel.stop()
  const reasons = [
    await server.closed.next(),
    await server.closed.next(),
    await server.closed.next(),
  ]
  expect(new Set(reasons)).toEqual(new Set(['unbound by the peer']))
  expect(server.server.sessions.size).toBe(0)
})

/** The octets of a query parameter, which are UTF-8 only for messages in UTF-8. */
function octetsIn({ search }: URL, name: string): Buffer {
  const value = new RegExp(`[?&]${name}=([^&]*)`).exec(search)?.[1] ?? ''
  const text = value
    .replaceAll('+', ' ')
    .replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(text, 'latin1')
}
