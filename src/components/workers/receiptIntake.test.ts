import { expect, test, vi } from 'vitest'
import { newMessageId } from '../../message/ids.ts'
import { decodeReceipts, type UpstreamReceipt } from '../../message/receiptWire.ts'
import { connectorSchema } from '../../platform/connector.ts'
import type { Publication, Queue } from '../../queue/queue.ts'
import {
  decodeBody,
  encodeBody,
  ESME_ROK,
  ESME_RX_R_APPN,
  MESSAGE_STATE,
  tlv,
} from '../../smpp/index.ts'
import type { Pdu, Session, ShortMessageBody } from '../../smpp/index.ts'
import { SteadyClock } from '../../flow/steadyClock.ts'
import { ReceiptIntake, receiptSource } from './receiptIntake.ts'
import { RecentSubmissions } from './recentSubmissions.ts'

const SMSC = { id: 'sim', host: '127.0.0.1', port: 2775, systemId: 's', password: 'p' }
const recent = new RecentSubmissions()
const clock = new SteadyClock()

/** An intake, with the payloads that it publishes and its answers to the SMSC. */
function openIntake() {
  const payloads: Buffer[] = []
  const answers: number[] = []
  const queue = {
    publish: async (publications: readonly Publication[]) => {
      payloads.push(...publications.map(({ payload }) => payload))
      return publications.map(() => ({ kind: 'durable' }))
    },
  }
  const session = { respond: (_: unknown, commandStatus: number) => answers.push(commandStatus) }
  // The two `as` are safe because the intake uses only these methods of a queue and a session.
  const intake = new ReceiptIntake(queue as unknown as Queue, recent, clock, (what, error) => {
    throw new Error(what, { cause: error })
  })
  return { answers, intake, payloads, session: session as unknown as Session } // as above
}

function deliverSm(text: string, fields: Partial<ShortMessageBody> = {}): Pdu<'deliver_sm'> {
  const short_message = Buffer.from(text)
  const body = encodeBody('deliver_sm', { esm_class: 4, short_message, ...fields })
  return {
    command: 'deliver_sm',
    command_status: 0,
    sequence_number: 1,
    ...decodeBody('deliver_sm', body),
  }
}

/** Takes in a deliver_sm with this text and returns the receipt that was published. */
async function taken(
  text: string,
  settings: object = {},
  fields: Partial<ShortMessageBody> = {},
): Promise<UpstreamReceipt | undefined> {
  const { answers, intake, payloads, session } = openIntake()
  const connector = connectorSchema.parse({ ...SMSC, ...settings })
  intake.take(receiptSource(() => connector, 3)(), session, deliverSm(text, fields))
  await intake.whenIdle()
  expect(answers).toEqual([ESME_ROK])
  return payloads.flatMap(decodeReceipts)[0]
}

test('the destination number is normalized from the format that the SMSC uses', async () => {
  const from = async (source_addr: string, source_addr_ton = 0) =>
    (await taken('id:1 stat:DELIVRD', {}, { source_addr, source_addr_ton }))?.destination
  expect(await from('+31612345678')).toBe('31612345678')
  expect(await from('0612345678', 2)).toBe('612345678')
  expect(await from('Signalbox', 5)).toBe('')
})

test('the key of an id follows the rule of the connector and may depend on the bind', async () => {
  const keyOf = async (messageIdRule: object) =>
    (await taken('id:0000000031 stat:DELIVRD', { messageIdRule }))?.idKey
  expect(await keyOf({})).toBeUndefined()
  expect(await keyOf({ response: 'hex', receipt: 'decimal' })).toBe('31')
  expect(await keyOf({ perBind: true, ignoreLeadingZeros: true })).toBe('3/31')
})

test('states follow the receiptStates of the connector, and unknown words are kept', async () => {
  expect(await taken('id:1 stat:Teleported')).toMatchObject({
    messageState: MESSAGE_STATE.UNKNOWN,
    stat: 'Teleported',
  })
  const receiptStates = { Teleported: 'DELIVERED' }
  const known = await taken('id:1 stat:TELEPORTED', { receiptStates })
  expect(known).toMatchObject({ messageState: MESSAGE_STATE.DELIVERED })
  expect(known).not.toHaveProperty('stat')
  const tlvs = [tlv('message_state', 77)]
  expect((await taken('id:1', {}, { tlvs }))?.stat).toBe('message_state 77')
})

test('a receipt carries its remembered message even if the id is written differently', async () => {
  const message = {
    messageId: newMessageId(),
    account: 'demo',
    user: 'demo',
    acceptedAtMs: 1,
    attempts: 0,
    body: Buffer.alloc(0),
    registeredDelivery: 1,
  }
  const submission = { message, destination: '31612345678', submittedAtMs: Date.now() }
  recent.remember('sim', '47', submission)
  const messageIdRule = { response: 'hex', receipt: 'decimal' }
  const fields = { source_addr: '612345678' }
  const receipt = await taken('id:0000000047 stat:DELIVRD', { messageIdRule }, fields)
  expect(receipt?.message).toEqual(message)
  expect((await taken('id:0000000047 stat:DELIVRD', {}, fields))?.message).toBeUndefined()
})

test('receipts of 40 KB messages are published in envelopes of limited size', async () => {
  const { answers, intake, payloads, session } = openIntake()
  const connector = connectorSchema.parse(SMSC)
  const source = receiptSource(() => connector, 3)()
  for (let index = 0; index < 20; index++) {
    const message = {
      messageId: newMessageId(),
      account: 'demo',
      user: 'demo',
      acceptedAtMs: 1,
      attempts: 0,
      body: Buffer.alloc(40_000),
      registeredDelivery: 1,
    }
    const submission = { message, destination: '31612345678', submittedAtMs: Date.now() }
    recent.remember('sim', `large${index}`, submission)
    const fields = { source_addr: '31612345678' }
    intake.take(source, session, deliverSm(`id:large${index} stat:DELIVRD`, fields))
  }
  await intake.whenIdle()
  const receipts = payloads.flatMap(decodeReceipts)
  expect(receipts.map(({ message }) => message?.body.length)).toEqual(Array(20).fill(40_000))
  expect(Math.max(...payloads.map(({ length }) => length))).toBeLessThan(130 * 1_024)
  expect(answers).toEqual(Array(20).fill(ESME_ROK))
})

test('a receipt without an id is published, so that an operator can examine it', async () => {
  expect(await taken('stat:DELIVRD')).toMatchObject({ upstreamId: '', message: undefined })
})

test('a bind follows changes of the rules of its connector', () => {
  let connector = connectorSchema.parse({ ...SMSC, receiptStates: { GONE: 'EXPIRED' } })
  const source = receiptSource(() => connector, 3)
  expect(source()).toBe(source())
  expect(source().options.states?.get('GONE')).toBe(MESSAGE_STATE.EXPIRED)
  connector = { ...connector, receiptStates: { GONE: 'DELETED' }, messageIdRule: { perBind: true } }
  expect(source().options.states?.get('GONE')).toBe(MESSAGE_STATE.DELETED)
  expect(source().idRule).toEqual({ perBind: true })
})

test('only the receipt that causes an exception is refused permanently and reported', async () => {
  const answers: number[] = []
  const troubles: string[] = []
  const session = { respond: (_: unknown, commandStatus: number) => answers.push(commandStatus) }
  // The intake uses only these methods of a queue and a session.
  const queue = { publish: async () => [{ kind: 'durable' }] } as unknown as Queue
  const throwing = new RecentSubmissions()
  const intake = new ReceiptIntake(queue, throwing, clock, (what) => void troubles.push(what))
  const connector = connectorSchema.parse(SMSC)
  const source = receiptSource(() => connector, 1)
  const take = (id: string) => {
    const short_message = Buffer.from(`id:${id} stat:DELIVRD`)
    const body = encodeBody('deliver_sm', { esm_class: 4, short_message })
    const head = { command: 'deliver_sm', command_status: 0, sequence_number: 1 } as const
    const pdu = { ...head, ...decodeBody('deliver_sm', body) }
    intake.take(source(), session as unknown as Session, pdu) // as above
  }
  vi.spyOn(throwing, 'find').mockImplementationOnce(() => {
    throw new TypeError('a defect')
  })
  take('1')
  take('2')
  await intake.whenIdle()
  expect(answers).toEqual([ESME_RX_R_APPN, ESME_ROK])
  expect(troubles).toEqual(['taking in a receipt from sim'])
  expect(intake.figures.unprocessable).toBe(1)
  expect([...intake.figures.byConnector].map(([id, { states }]) => [id, [...states]])).toEqual([
    ['sim', [[MESSAGE_STATE.DELIVERED, 1]]],
  ])
})
