import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeBody, encodeBody } from '../wire/codec.ts'
import { MESSAGE_STATE } from './messageState.ts'
import type { ShortMessageBody } from '../wire/pduTable.ts'
import { isSameMessageId, messageIdCandidates, type MessageIdRule } from './messageId.ts'
import { parseReceipt, receiptCount } from './receipt.ts'
import { readReceiptTime } from './receiptTime.ts'
import { tlv, type Tlv } from '../wire/tlv.ts'
import { vectorLines, type ReceiptVector } from '../testing/vectorLines.fixture.ts'

/**
 * The test vectors that parseReceipt reads differently, with its result and the reason. No
 * specification settles these cases.
 */
const OURS: Readonly<Record<string, { readonly fields: object; readonly because: string }>> = {
  r102: { fields: { id: undefined }, because: 'an empty id is treated as missing' },
  r176: {
    fields: { stat: 'DELIVRD', messageState: MESSAGE_STATE.DELIVERED },
    because: 'a state word without its label is also a state',
  },
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
    // A vector lists the values in the text of the receipt. TLVs take precedence over the text.
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

describe('runs of 65,000 octets', () => {
  test.each([
    [',', 'id:', { id: `${','.repeat(65_000)}x` }],
    ['\0', 'stat:', { stat: `${'\0'.repeat(65_000)}x` }],
    ['\n', 'id:1 stat:DELIVRD text:', { text: `${'\n'.repeat(65_000)}x` }],
    ['\r', 'stat:DELIVRD text:', { text: `${'\r'.repeat(65_000)}x` }],
    [' ', 'id:1', { id: '1' }],
    ['7', 'submit date:1 ', { submitDate: '1' }],
    [' ', 'id:1 stat', { id: '1', stat: undefined }],
    ['id ', 'id:1 ', { id: '1' }],
    ['errid', 'id:1', { stat: undefined }],
    ['"', 'id:1 stat:DELIVRD text:', { text: `${'"'.repeat(65_000)}x` }],
  ])('a run of %j within a value is read in linear time', (octet, label, fields) => {
    const run = octet.repeat(65_000 / octet.length)
    const text = Buffer.from(`${label}${run}x`, 'latin1')
    const tlvs = [tlv('message_payload', text)]
    // A pattern that is matched again from each octet takes 1.6 s for each read. With such a
    // pattern, this test would time out.
    for (let count = 0; count < 30; count++)
      expect(parseReceipt(message({ esm_class: 4, tlvs }))).toMatchObject(fields)
  })

  test.each([
    [',', 'id:1', { id: '1' }],
    ['\0', 'id:1 stat:DELIVRD text:a', { text: 'a' }],
    ['\n', 'id:1 stat:DELIVRD text:a', { text: 'a' }],
  ])('a run of %j at the end of a value is not part of the value', (octet, label, fields) => {
    const text = Buffer.from(`${label}${octet.repeat(65_000)}`, 'latin1')
    const tlvs = [tlv('message_payload', text)]
    expect(parseReceipt(message({ esm_class: 4, tlvs }))).toMatchObject(fields)
  })
})

describe('a real receipt of the test vectors', () => {
  test.each(vectors)('is read with the expected fields: $id', (vector) => {
    // Receipts without esm_class (r174) are recognized by their text only with `byText`.
    const receipt = parseReceipt(bodyOf(vector), { byText: vector.esm_class === 0 })
    const meant = { ...meantBy(vector), ...OURS[vector.id]?.fields }
    expect(receipt).toEqual(vector.is_receipt ? meant : undefined)
  })

  test.each(vectors.filter(({ is_receipt }) => is_receipt))(
    'has the expected counts and dates: $id',
    ({ normalized, ...vector }) => {
      const receipt = parseReceipt(bodyOf({ normalized, ...vector }), { byText: true })!
      const instantOf = (text: string | undefined) =>
        text === undefined ? undefined : readReceiptTime(text)
      expect({
        sub: receiptCount(receipt.sub),
        dlvrd: receiptCount(receipt.dlvrd),
        submitted: instantOf(receipt.submitDate),
        done: instantOf(receipt.doneDate),
      }).toEqual({
        sub: normalized.sub ?? undefined,
        dlvrd: normalized.dlvrd ?? undefined,
        submitted: dateOf(normalized.submit_date),
        done: dateOf(normalized.done_date),
      })
    },
  )

  const RULES: Readonly<Record<string, MessageIdRule>> = {
    'hex->decimal, 10 digits zero-padded': { response: 'hex', receipt: 'decimal' },
    'hex->decimal': { response: 'hex', receipt: 'decimal' },
    'strip leading zeros': { ignoreLeadingZeros: true },
    'case-insensitive': { ignoreCase: true },
  }

  test.each(vectors.filter(({ id_match }) => id_match))(
    'matches $submit_sm_resp_message_id only with its rule: $id',
    (vector) => {
      const responseId = vector.submit_sm_resp_message_id!
      const { id } = parseReceipt(bodyOf(vector))!
      const rule = RULES[vector.id_match!]!
      expect(messageIdCandidates(id!, rule)).toContain(responseId)
      expect(isSameMessageId(responseId, id!, rule)).toBe(true)
      expect(messageIdCandidates(id!, {})).toEqual([id])
      expect(isSameMessageId(responseId, id!, {})).toBe(false)
    },
  )

  test('is read differently only if the README lists it and no specification settles it', () => {
    const judged = vectors.filter(({ judgement }) => judgement).map(({ id }) => id)
    expect(judged).toEqual(expect.arrayContaining(Object.keys(OURS)))
    const readme = readFileSync(new URL('../testing/vectors/README.md', import.meta.url), 'utf8')
    const listed = [...readme.matchAll(/`receipts\.ndjson` (r\d+)/g)].map(([, id]) => id)
    expect(listed).toEqual(Object.keys(OURS))
  })
})

function dateOf(normalized: string | null): Date | undefined {
  if (normalized === null) return undefined
  return new Date(/(Z|[+-]\d\d:\d\d)$/.test(normalized) ? normalized : `${normalized}Z`)
}

describe('whether a message is a receipt', () => {
  const text = Buffer.from('id:1 submit date:2601011200 done date:2601011200 stat:DELIVRD err:000')

  test.each([
    [0x04, true],
    [0x20, true],
    [0x44, true],
    [0x07, true],
    [0x00, false],
    [0x08, false],
    [0x40, false],
  ])('is determined by esm_class 0x%s: %s', (esm_class, isReceipt) => {
    const udh = (esm_class & 0x40) === 0 ? [] : [Buffer.of(5, 0, 3, 7, 2, 1)]
    const short_message = Buffer.concat([...udh, text])
    expect(parseReceipt(message({ esm_class, short_message })) !== undefined).toBe(isReceipt)
  })

  test('is determined by its text only if byText is set', () => {
    const body = message({ short_message: text })
    expect(parseReceipt(body)).toBeUndefined()
    expect(parseReceipt(body, { byText: true })).toMatchObject({ id: '1', messageState: 2 })
  })
})

describe('in a receipt that deviates from appendix B,', () => {
  const ALL = {
    id: '0A1b-7',
    sub: '001',
    dlvrd: '001',
    submitDate: '2601011200',
    doneDate: '2601011201',
    stat: 'DELIVRD',
    messageState: MESSAGE_STATE.DELIVERED,
    err: '000',
    text: 'hello',
  }
  /** Writes a receipt with these labels, and with `between` between two fields. */
  function written(labelOf: (name: string) => string, between: string, text = 'hello'): string {
    const fields = [
      ['id', '0A1b-7'],
      ['sub', '001'],
      ['dlvrd', '001'],
      ['submit date', '2601011200'],
      ['done date', '2601011201'],
      ['stat', 'DELIVRD'],
      ['err', '000'],
      ['text', text],
    ] as const
    return fields.map(([name, value]) => labelOf(name) + value).join(between)
  }
  const withColon = (name: string) => `${name}:`
  const other: Readonly<Record<string, string>> = { stat: 'status:', err: 'error:' }

  test.each([
    ['equals signs', written((name) => `${name}=`, ' ')],
    ['spaces before the colon', written((name) => `${name}  :`, ' ')],
    ['spaces around the colon', written((name) => (name === 'text' ? 'text:' : `${name} : `), ' ')],
    ['nothing between fields', written(withColon, '')],
    ['nothing between fields, and equals signs', written((name) => `${name}=`, '')],
    ['commas between fields', written(withColon, ',')],
    ['line feeds between fields', written(withColon, '\r\n')],
    ['labels of dates without a space', written((name) => `${name.replace(' ', '')}:`, ' ')],
    ['the labels status and error', written((name) => other[name] ?? `${name}:`, ' ')],
    ['a quoted text', written(withColon, ' ', '"hello"')],
    ['a text in single quotes', written(withColon, ' ', "'hello'")],
    ['a state without its label', written((name) => (name === 'stat' ? '' : `${name}:`), ' ')],
  ])('all fields are read despite %s', (_, text) => {
    const short_message = Buffer.from(text)
    expect(parseReceipt(message({ esm_class: 4, short_message }))).toMatchObject(ALL)
  })

  const read = (text: string, options = {}) =>
    parseReceipt(message({ esm_class: 4, short_message: Buffer.from(text) }), options)

  test('dots instead of digits are read as a missing number, date or error', () => {
    const dates = 'submit date:.......... done date:..........'
    const receipt = read(`id:7 sub:... dlvrd:... ${dates} stat:DELIVRD err:... text:x`)
    expect(receipt).toMatchObject({ id: '7', messageState: MESSAGE_STATE.DELIVERED, err: '' })
    expect(receiptCount(receipt?.sub)).toBeUndefined()
    expect(readReceiptTime(receipt?.submitDate ?? '')).toBeUndefined()
  })

  test('a state word may be the whole text', () => {
    const tlvs = [tlv('receipted_message_id', '7')]
    const body = message({ esm_class: 4, short_message: Buffer.from('UNDELIV'), tlvs })
    const { UNDELIVERABLE } = MESSAGE_STATE
    expect(parseReceipt(body)).toMatchObject({ id: '7', messageState: UNDELIVERABLE })
  })

  test('state words in the text of the message are ignored', () => {
    const receipt = read('id:7 err:000 text:EXPIRED and DELIVRD')
    expect(receipt).toMatchObject({ stat: undefined, messageState: undefined })
    expect(read('id:7sub:001stat:UNDELIVerr:001text:id:8 stat:DELIVRD')).toMatchObject({
      id: '7',
      stat: 'UNDELIV',
      text: 'id:8 stat:DELIVRD',
    })
    expect(read('Your parcel was delivered')).toMatchObject({ messageState: undefined })
  })

  test('an unknown label that ends like a known label is ignored', () => {
    expect(read('id:7 nerr:5 stat:DELIVRD msgid:8 err:1')).toMatchObject({ id: '7', err: '1' })
    expect(read('id:7,nerr:5,stat:DELIVRD,err:1')).toMatchObject({ err: '1' })
    expect(read('id:7 my_err:5 stat:DELIVRD err:1')).toMatchObject({ err: '1' })
  })

  test.each([
    ['stat:NOT DELIVERED err:1', MESSAGE_STATE.UNDELIVERABLE],
    ['stat:NOT_DELIVERED err:1', MESSAGE_STATE.UNDELIVERABLE],
    ['stat:UNDLVRD', MESSAGE_STATE.UNDELIVERABLE],
    ['stat:DELIVERD', MESSAGE_STATE.DELIVERED],
    ['stat:BUFFRED', MESSAGE_STATE.ENROUTE],
    ['stat:002', MESSAGE_STATE.DELIVERED],
    ['stat:TELEPORTED', undefined],
  ])('%s is read as message_state %s', (text, messageState) => {
    expect(read(`id:7 ${text}`)).toMatchObject({ messageState })
  })

  test('the state words of the connection take precedence over the usual words', () => {
    const states = new Map([
      ['TELEPORTED', MESSAGE_STATE.DELIVERED],
      ['UNKNOWN', MESSAGE_STATE.ENROUTE],
      ['42', MESSAGE_STATE.REJECTED],
    ])
    expect(read('id:7 stat:Teleported', { states })?.messageState).toBe(MESSAGE_STATE.DELIVERED)
    expect(read('id:7 stat:UNKNOWN', { states })?.messageState).toBe(MESSAGE_STATE.ENROUTE)
    expect(read('id:7 stat:42', { states })?.messageState).toBe(MESSAGE_STATE.REJECTED)
    expect(read('id:7 TELEPORTED err:0', { states })?.stat).toBe('TELEPORTED')
    expect(read('id:7 stat:DELIVRD', { states })?.messageState).toBe(MESSAGE_STATE.DELIVERED)
  })
})

test('the text of a receipt may be in message_payload', () => {
  const tlvs = [tlv('message_payload', Buffer.from('id:77 stat:EXPIRED err:21b'))]
  expect(parseReceipt(message({ esm_class: 4, tlvs }))).toMatchObject({
    id: '77',
    messageState: MESSAGE_STATE.EXPIRED,
    err: '21b',
  })
})

test('network_error_code replaces a missing err with its 16-bit code in decimal', () => {
  const tlvs = [tlv('network_error_code', Buffer.of(3, 0x04, 0x57))]
  expect(parseReceipt(message({ esm_class: 4, tlvs }))).toMatchObject({
    err: '1111',
    networkError: { type: 3, code: 1111 },
  })
})

describe('if id and state differ between TLVs and text', () => {
  const body = message({
    esm_class: 4,
    short_message: Buffer.from('id:1 stat:DELIVRD err:000'),
    tlvs: [tlv('receipted_message_id', '2'), tlv('message_state', MESSAGE_STATE.EXPIRED)],
  })

  test('the id and state of the TLVs are returned', () => {
    expect(parseReceipt(body)).toMatchObject({ id: '2', messageState: MESSAGE_STATE.EXPIRED })
  })

  test('the id and state of the text are returned with preferText', () => {
    expect(parseReceipt(body, { preferText: true })).toMatchObject({
      id: '1',
      messageState: MESSAGE_STATE.DELIVERED,
    })
  })
})

test.each([
  ['in UCS-2', { data_coding: 8, short_message: '00690064003a0031' }, {}],
  ['in UCS-2 with a message class', { data_coding: 0x19, short_message: '00690064003a0031' }, {}],
  ['packed', { data_coding: 0, short_message: '69b22e06' }, { defaultAlphabet: 'gsmPacked' }],
  ['after a user data header', { esm_class: 0x44, short_message: '0324010169643a31' }, {}],
] as const)('the text of a receipt may be %s', (_, { short_message, ...fields }, options) => {
  const body = message({
    esm_class: 4,
    ...fields,
    short_message: Buffer.from(short_message, 'hex'),
  })
  expect(parseReceipt(body, options)?.id).toBe('1')
})

test('a receipt in a data_sm, which has no short_message, may consist of TLVs only', () => {
  const id = tlv('receipted_message_id', 'ab')
  const state = tlv('message_state', MESSAGE_STATE.DELIVERED)
  expect(parseReceipt({ esm_class: 4, data_coding: 0, tlvs: [id, state] })).toMatchObject({
    id: 'ab',
    messageState: MESSAGE_STATE.DELIVERED,
    stat: undefined,
  })
})

test('any octets with any esm_class and data_coding are parsed without an exception', () => {
  const byte = fc.nat({ max: 255 })
  const label = fc.constantFrom('id:', ' stat:', 'text:', ' err:', ' submit date:', '\0', '7')
  const text = fc.array(fc.oneof(label, fc.string({ maxLength: 3 }))).map((all) => all.join(''))
  const octets = fc.oneof(
    text.map((one) => Buffer.from(one, 'latin1')),
    fc.uint8Array().map((one) => Buffer.from(one)),
  )
  fc.assert(
    fc.property(byte, byte, octets, octets, (esm_class, data_coding, short_message, value) => {
      const tags = [0x001e, 0x0427, 0x0423, 0x0424]
      const tlvs = tags.map((tag) => ({ tag, octets: value }))
      const body = { esm_class, data_coding, short_message, tlvs }
      const receipt = parseReceipt(body, { byText: true })
      for (const date of [receipt?.submitDate, receipt?.doneDate])
        if (date !== undefined) expect(readReceiptTime(date)?.getTime()).not.toBeNaN()
      expect(receipt?.id).not.toBe('')
    }),
  )
})

test('a user data header that claims to be longer than the text causes no exception', () => {
  const short_message = Buffer.of(200, 0, 3)
  expect(parseReceipt(message({ esm_class: 0x44, short_message }))?.id).toBeUndefined()
})

test('the usual layout gives the same result as another layout with the same labels', () => {
  const id = fc.stringMatching(/^[\w-]{1,20}$/)
  const word = fc.oneof(fc.stringMatching(/^\w{1,8}$/), fc.constantFrom('err', 'NOT', 'text', 'id'))
  const number = fc.oneof(fc.stringMatching(/^\d{1,14}$/), fc.constantFrom('', '1:2', 'done'))
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom('"a b"', "'x'", 'id:7 stat:UNDELIV', ' \0\r\n'),
  )
  const label = fc.constantFrom('text', 'Text', 'TEXT')
  fc.assert(
    fc.property(id, number, word, label, text, (messageId, digits, one, textLabel, words) => {
      const line =
        `id:${messageId} sub:${digits} dlvrd:001 submit date:${digits} done date:2612011200 ` +
        `stat:${one} err:${one} ${textLabel}:${words}`
      // Because of its first character, a space, the second line does not have the usual layout.
      const [usual, other] = [line, ` ${line}`].map((one) =>
        parseReceipt(message({ esm_class: 4, short_message: Buffer.from(one, 'latin1') })),
      )
      expect(usual).toEqual(other)
      expect(usual?.id).toBe(messageId)
    }),
    { numRuns: 1_000 },
  )
})
