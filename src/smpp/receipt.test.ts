import { describe, expect, test } from 'vitest'
import { decodeBody, encodeBody } from './codec.ts'
import { MESSAGE_STATE } from './messageState.ts'
import type { ShortMessageBody } from './pduTable.ts'
import { parseReceipt, receiptText } from './receipt.ts'
import { tlv, type Tlv } from './tlv.ts'
import { vectorLines, type ReceiptVector } from './vectorLines.fixture.ts'

/** Where no specification settles it and we differ from the vectors, with the reason. */
const OURS: Readonly<Record<string, { readonly fields: object; readonly because: string }>> = {
  r102: { fields: { id: undefined }, because: 'an empty id matches nothing: it is absent' },
}

const vectors = vectorLines('receipts')

function message(fields: Partial<ShortMessageBody>): ShortMessageBody {
  return decodeBody('deliver_sm', encodeBody('deliver_sm', fields))
}

function bodyOf({ hex, esm_class, data_coding, tlvs }: ReceiptVector): ShortMessageBody {
  const text = Buffer.from(hex, 'hex')
  const list: Tlv[] = text.length > 255 ? [tlv('message_payload', text)] : []
  if (tlvs?.receipted_message_id !== undefined)
    list.push(tlv('receipted_message_id', tlvs.receipted_message_id))
  if (tlvs?.message_state !== undefined) list.push(tlv('message_state', tlvs.message_state))
  const short_message = text.length > 255 ? Buffer.alloc(0) : text
  return message({ esm_class, data_coding, short_message, tlvs: list })
}

function meantBy({ expected, normalized, tlvs }: ReceiptVector): object {
  const orUndefined = (value: string | null | undefined) => value ?? undefined
  return {
    // The vectors show the text alone; TLVs win over it.
    id: tlvs?.receipted_message_id ?? orUndefined(expected['id']),
    messageState: tlvs?.message_state ?? normalized.message_state ?? undefined,
    sub: orUndefined(expected['sub']),
    dlvrd: orUndefined(expected['dlvrd']),
    submitDate: orUndefined(expected['submit_date']),
    doneDate: orUndefined(expected['done_date']),
    stat: orUndefined(expected['stat']),
    err: orUndefined(expected['err']),
    text: orUndefined(expected['text']),
  }
}

describe('receipts of the wild', () => {
  test.each(vectors)('$id is read label by label', (vector) => {
    // Receipts without esm_class (r174) are known by their text only where that is asked for.
    const receipt = parseReceipt(bodyOf(vector), { byText: vector.esm_class === 0 })
    const meant = { ...meantBy(vector), ...OURS[vector.id]?.fields }
    expect(receipt).toEqual(vector.is_receipt ? meant : undefined)
  })

  test('we differ only where it is a matter of judgement', () => {
    const judged = vectors.filter(({ judgement }) => judgement).map(({ id }) => id)
    expect(judged).toEqual(expect.arrayContaining(Object.keys(OURS)))
  })
})

describe('a message is a receipt', () => {
  const text = Buffer.from('id:1 submit date:2601011200 done date:2601011200 stat:DELIVRD err:000')

  test.each([
    [0x04, true],
    [0x20, true],
    [0x44, true],
    [0x07, true],
    [0x00, false],
    [0x08, false],
    [0x40, false],
  ])('by esm_class 0x%s: %s', (esm_class, isReceipt) => {
    const udh = (esm_class & 0x40) === 0 ? [] : [Buffer.of(5, 0, 3, 7, 2, 1)]
    const short_message = Buffer.concat([...udh, text])
    expect(parseReceipt(message({ esm_class, short_message })) !== undefined).toBe(isReceipt)
  })

  test('by its text only when asked, since a subscriber can write one too', () => {
    const body = message({ short_message: text })
    expect(parseReceipt(body)).toBeUndefined()
    expect(parseReceipt(body, { byText: true })).toMatchObject({ id: '1', messageState: 2 })
  })
})

test('the text may come as message_payload', () => {
  const tlvs = [tlv('message_payload', Buffer.from('id:77 stat:EXPIRED err:21b'))]
  expect(parseReceipt(message({ esm_class: 4, tlvs }))).toMatchObject({
    id: '77',
    messageState: MESSAGE_STATE.EXPIRED,
    err: '21b',
  })
})

test('network_error_code stands in for a missing err, as the 16-bit number it is', () => {
  const tlvs = [tlv('network_error_code', Buffer.of(3, 0x04, 0x57))]
  expect(parseReceipt(message({ esm_class: 4, tlvs }))?.err).toBe('1111')
})

test('a text that goes on with a header of its own length is no reason to fail', () => {
  const short_message = Buffer.of(200, 0, 3)
  expect(parseReceipt(message({ esm_class: 0x44, short_message }))?.id).toBeUndefined()
})

test('what receiptText writes is read back', () => {
  const short_message = receiptText({
    id: '0191f0a2-5d9c-7a5e-8000-0123456789ab',
    sub: 1,
    dlvrd: 1,
    submitDate: new Date('2026-01-02T03:04:05Z'),
    doneDate: new Date('2026-01-02T03:05:06Z'),
    messageState: MESSAGE_STATE.DELIVERED,
    err: '0',
    text: 'Grüße aus 東京 und weit darüber hinaus',
  })
  expect(short_message.toString('latin1')).toBe(
    'id:0191f0a2-5d9c-7a5e-8000-0123456789ab sub:001 dlvrd:001 submit date:2601020304 ' +
      'done date:2601020305 stat:DELIVRD err:000 text:Grüße aus ?? und wei',
  )
  expect(parseReceipt(message({ esm_class: 4, short_message }))).toMatchObject({
    id: '0191f0a2-5d9c-7a5e-8000-0123456789ab',
    messageState: MESSAGE_STATE.DELIVERED,
    err: '000',
    submitDate: '2601020304',
  })
})
