import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeBody } from '../../smpp/index.ts'
import { httpMessageSchema, submitSmOf } from './httpMessage.ts'

const MESSAGE = { to: '31612345678', from: 'Signalbox', text: 'hello' }

function submitSm(fields: Partial<typeof MESSAGE> & { validity?: number }) {
  return decodeBody('submit_sm', submitSmOf(httpMessageSchema.parse({ ...MESSAGE, ...fields })))
}

function isAccepted(fields: object): boolean {
  return httpMessageSchema.safeParse({ ...MESSAGE, ...fields }).success
}

test.each([
  ['31612345678', { source_addr_ton: 0, source_addr_npi: 1, source_addr: '31612345678' }],
  ['+31612345678', { source_addr_ton: 1, source_addr_npi: 1, source_addr: '31612345678' }],
  ['1234', { source_addr_ton: 0, source_addr_npi: 1, source_addr: '1234' }],
  ['Signalbox', { source_addr_ton: 5, source_addr_npi: 0, source_addr: 'Signalbox' }],
  ['Münchner 24', { source_addr_ton: 5, source_addr_npi: 0, source_addr: 'Münchner 24' }],
])('the sender %s becomes a source address with the right TON and NPI', (from, fields) => {
  expect(submitSm({ from })).toMatchObject(fields)
})

test.each([
  '',
  ' ',
  'TwelveLetter',
  '1234567890123456',
  'Şok',
  'Omega Ω',
  'tab\t',
  '[[[[[[',
  '€10',
])('the sender %j is refused', (from) => {
  expect(isAccepted({ from })).toBe(false)
})

test.each(['3161234', '+3161234', '123456789012345'])('the recipient %s is accepted', (to) => {
  expect(submitSm({ to })).toMatchObject({
    dest_addr_ton: 1,
    dest_addr_npi: 1,
    destination_addr: to.replace('+', ''),
  })
})

test.each(['', '316', '316123', '0612345678', '1234567890123456', '+', 'shop', '316 12345678'])(
  'the recipient %j is refused',
  (to) => {
    expect(isAccepted({ to })).toBe(false)
  },
)

test('to, from and text are required, and text must have 1 to 10,000 characters', () => {
  for (const field of Object.keys(MESSAGE)) expect(isAccepted({ [field]: undefined })).toBe(false)
  expect(isAccepted({ text: '' })).toBe(false)
  expect(isAccepted({ text: 'x'.repeat(10_001) })).toBe(false)
})

test('a text of more than 254 octets is sent as message_payload', () => {
  const { short_message, tlvs } = submitSm({ text: 'x'.repeat(300) })
  expect(short_message).toHaveLength(0)
  expect(tlvs).toMatchObject([{ tag: 0x0424 }])
})

test('validity is a whole number of seconds, at most 30 days', () => {
  expect(submitSm({}).validity_period).toBe('')
  expect(submitSm({ validity: 90 }).validity_period).toBe('000000000130000R')
  expect(submitSm({ validity: 2_592_000 }).validity_period).toBe('000030000000000R')
  for (const validity of [0, -1, 1.5, '60', 2_592_001]) expect(isAccepted({ validity })).toBe(false)
})

test('every message that the schema accepts can be encoded without changing its sender', () => {
  const sender = fc.oneof(
    fc.string({ maxLength: 12, unit: 'binary' }),
    fc.string({ maxLength: 17, unit: fc.constantFrom('+', '0', '1', '9') }),
    fc.string({
      maxLength: 12,
      unit: fc.constantFrom('a', 'é', 'Å', '@', '€', '[', '~', ' ', 'Ω'),
    }),
  )
  fc.assert(
    fc.property(sender, fc.string({ unit: 'binary', minLength: 1 }), (from, text) => {
      fc.pre(isAccepted({ from, text }))
      expect(submitSm({ from, text }).source_addr).toBe(from.replace(/^\+(?=\d+$)/, ''))
    }),
  )
})
