import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isMessageState, MESSAGE_STATE, statOf } from './messageState.ts'
import { parseReceipt } from './receipt.ts'
import { RECEIPT_STYLES, receiptBody, receiptText, type ReceiptFields } from './receiptText.ts'
import { readReceiptTime } from './receiptTime.ts'
import { readTlv } from '../wire/tlv.ts'

const RECEIPT: ReceiptFields = {
  id: '0191f0a2-5d9c-7a5e-8000-0123456789ab',
  sub: 1,
  dlvrd: 1,
  submitDate: new Date('2026-01-02T03:04:05Z'),
  doneDate: new Date('2026-01-02T03:05:06Z'),
  messageState: MESSAGE_STATE.DELIVERED,
  err: '0',
  text: 'Grüße aus 東京 und weit darüber hinaus',
}
const LATE = { ...RECEIPT, id: '7', text: 'Hi\r\nthere' }

describe('the text of a receipt', () => {
  test.each([
    [
      'is by default that of appendix B',
      RECEIPT,
      {},
      'id:0191f0a2-5d9c-7a5e-8000-0123456789ab sub:001 dlvrd:001 submit date:2601020304 ' +
        'done date:2601020305 stat:DELIVRD err:000 text:Grüße aus ?? und wei',
    ],
    [
      'is short in the style brief',
      RECEIPT,
      RECEIPT_STYLES.brief,
      'id:0191f0a2-5d9c-7a5e-8000-0123456789ab submit date:2601020304 done date:2601020305 ' +
        'stat:DELIVRD err:000',
    ],
    [
      'has dates with seconds in the style seconds',
      LATE,
      RECEIPT_STYLES.seconds,
      'id:7 sub:001 dlvrd:001 submit date:260102030405 done date:260102030506 stat:DELIVRD ' +
        'err:000 text:Hi??there',
    ],
    [
      'has the labels, state, dates and length of text that the style requests',
      LATE,
      {
        labels: ['stat', 'id', 'done date', 'text'],
        stat: 'full',
        dates: 'YYYYMMDDhhmm',
        utcOffsetMinutes: -240,
        textLabel: 'Text',
        textCharactersMax: 2,
      },
      'stat:DELIVERED id:7 done date:202601012305 Text:Hi',
    ],
  ] as const)('%s', (_, fields, style, expected) => {
    expect(receiptText(fields, style).toString('latin1')).toBe(expected)
  })
})

describe('the body of a receipt', () => {
  test('has the id and the state in TLVs, unless the style omits them', () => {
    const { tlvs, esm_class, data_coding } = receiptBody(RECEIPT)
    expect({ esm_class, data_coding }).toEqual({ esm_class: 0x04, data_coding: 0 })
    expect(readTlv(tlvs, 'receipted_message_id')).toBe(RECEIPT.id)
    expect(readTlv(tlvs, 'message_state')).toBe(MESSAGE_STATE.DELIVERED)
    expect(receiptBody(RECEIPT, RECEIPT_STYLES.smpp33).tlvs).toEqual([])
  })

  test('is an intermediate notification for an interim state', () => {
    const { esm_class } = receiptBody({ ...RECEIPT, messageState: MESSAGE_STATE.ENROUTE })
    expect(esm_class).toBe(0x20)
  })

  test('has its text in message_payload if it exceeds 254 octets', () => {
    const { short_message, tlvs, data_coding } = receiptBody(RECEIPT, { alphabet: 'ucs2' })
    expect(data_coding).toBe(8)
    expect(short_message).toHaveLength(0)
    expect(readTlv(tlvs, 'message_payload')?.length).toBeGreaterThan(254)
  })
})

test('a receipt in any style is read with the values that were written', () => {
  const second = fc
    .integer({ min: Date.UTC(2001, 0, 1) / 1_000, max: Date.UTC(2037, 11, 31) / 1_000 })
    .map((seconds) => new Date(seconds * 1_000))
  const fields = fc.record({
    id: fc.stringMatching(/^[0-9A-Za-z-]{1,64}$/),
    sub: fc.nat({ max: 999 }),
    dlvrd: fc.nat({ max: 999 }),
    submitDate: second,
    doneDate: second,
    messageState: fc.constantFrom(...Object.values(MESSAGE_STATE)),
    err: fc.stringMatching(/^[0-9a-f]{3,4}$/),
    text: fc.string({ unit: 'grapheme' }),
  })
  const style = fc.record({
    textLabel: fc.constantFrom('text' as const, 'Text' as const),
    dates: fc.constantFrom('YYMMDDhhmmss' as const, 'YYYYMMDDhhmmss' as const),
    utcOffsetMinutes: fc.integer({ min: -48, max: 48 }).map((quarters) => quarters * 15),
    stat: fc.constantFrom('short' as const, 'full' as const),
    alphabet: fc.constantFrom('latin1' as const, 'ucs2' as const),
    withoutTlvs: fc.boolean(),
  })
  fc.assert(
    fc.property(fields, style, (receipt, options) => {
      const read = parseReceipt(receiptBody(receipt, options))
      const { utcOffsetMinutes } = options
      expect(read).toMatchObject({
        id: receipt.id,
        messageState: receipt.messageState,
        err: receipt.err,
        sub: String(receipt.sub).padStart(3, '0'),
      })
      expect(readReceiptTime(read!.submitDate!, { utcOffsetMinutes })).toEqual(receipt.submitDate)
      expect(readReceiptTime(read!.doneDate!, { utcOffsetMinutes })).toEqual(receipt.doneDate)
    }),
  )
})

test('each state has a word of seven letters', () => {
  for (let state = 0; isMessageState(state); state++) expect(statOf(state)).toMatch(/^[A-Z]{7}$/)
})
