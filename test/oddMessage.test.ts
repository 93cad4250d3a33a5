// Submits messages that are too long for their SMSC among ordinary messages to the same SMSC.

import { expect, onTestFinished, test } from 'vitest'
import { runLoad } from '../src/lab/loadGenerator.ts'
import { encodeBody, ESME_RINVMSGLEN, ESME_ROK, INTERFACE_VERSION, tlv } from '../src/smpp/index.ts'
import type { Pdu, ShortMessageBody } from '../src/smpp/index.ts'
import { DoorStack } from './doorStack.ts'
import { RawCustomer } from './rawCustomer.ts'

const ORDINARY = 1_000
const SUBMIT_SM = 0x04
const OCTETS_255 = Buffer.alloc(255, 'x')
const SAR = [tlv('sar_msg_ref_num', 7), tlv('sar_total_segments', 2), tlv('sar_segment_seqnum', 1)]

test('messages too long for an SMSC fail alone, while 1,000 others are delivered', async () => {
  const door = await DoorStack.start()
  onTestFinished(() => door.stop())
  const before = door.stack.pids()
  const [oldSmsc] = door.smscs
  if (oldSmsc?.version !== '3.3') throw new Error('the first SMSC must speak 3.3')
  const { prefix, user } = oldSmsc
  const receipts: string[] = []
  const customer = await RawCustomer.bind(door.placeOf('odd'), INTERFACE_VERSION.V3_4, {
    onReceipt: (id) => void receipts.push(id),
    onClosed: (reason) => expect.unreachable(reason),
  })
  onTestFinished(() => customer.close())
  const submit = (fields: Partial<ShortMessageBody>): Promise<Pdu> => {
    const to = { destination_addr: `${prefix}12345678`, registered_delivery: 1 }
    const body = encodeBody('submit_sm', { ...to, ...fields })
    return new Promise((resolve) => customer.request(SUBMIT_SM, body, resolve))
  }
  const answers: Promise<Pdu[]>[] = []
  const report = await runLoad({
    ...door.placeOf(user),
    sessions: 1,
    windowSize: 100,
    count: ORDINARY,
    rate: 400,
    destination: `${prefix}9#######`,
    registeredDelivery: 1,
    receiptsWithinMs: 60_000,
    onProgress: () => {
      if (answers.length > 0) return
      const odd = [
        { short_message: OCTETS_255 },
        { tlvs: [tlv('message_payload', OCTETS_255)] },
        { short_message: OCTETS_255.subarray(1), tlvs: SAR },
      ]
      answers.push(Promise.all(odd.map(submit)))
    },
  })
  expect(report).toMatchObject({ complete: true, unknown: [], reconnects: 0 })
  expect(report.answered.size).toBe(ORDINARY)
  const [refused, ...accepted] = (await answers[0]) ?? []
  expect(refused?.command_status).toBe(ESME_RINVMSGLEN)
  expect(accepted.map(({ command_status }) => command_status)).toEqual([ESME_ROK, ESME_ROK])
  // The gateway accepts two of the messages. Each fails later, on its own and with a reason.
  const ids = accepted.map((pdu) => (pdu.command === 'submit_sm_resp' ? pdu.message_id : ''))
  await expect.poll(() => receipts.toSorted(), { timeout: 60_000 }).toEqual(ids.toSorted())
  const text = 'select error from messages where message_id = any($1::uuid[]) and state = 5'
  const { rows } = await door.database.pool.query<{ error: string }>(text, [ids])
  expect(rows.map(({ error }) => error)).toEqual([
    expect.stringContaining('the SMSC speaks SMPP 3.3'),
    expect.stringContaining('the SMSC speaks SMPP 3.3'),
  ])
  expect(door.stack.pids()).toEqual(before)
})
