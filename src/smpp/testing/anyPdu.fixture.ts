import fc from 'fast-check'
import type { EntryField, Field } from '../wire/pduField.ts'
import { PDUS, type CommandName, type Pdu, type PduRow } from '../wire/pduTable.ts'

export const anyOctets = (maxLength: number) =>
  fc.uint8Array({ maxLength }).map((array) => Buffer.from(array))

const anyTlvs = fc.array(
  fc.record({ tag: fc.integer({ min: 0, max: 0xffff }), octets: anyOctets(300) }),
  { maxLength: 5 },
)

const character = fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code))

const digits = (count: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: count, maxLength: count })

const twoDigits = (min: number, max: number) =>
  fc.integer({ min, max }).map((value) => String(value).padStart(2, '0'))

/** The parts of an absolute time, `YYMMDDhhmmsstnnp` (SMPP 3.4 §7.1.1.1). */
const ABSOLUTE = [
  twoDigits(0, 99),
  twoDigits(1, 12),
  twoDigits(1, 31),
  twoDigits(0, 23),
  twoDigits(0, 59),
  twoDigits(0, 59),
  digits(1),
  twoDigits(0, 48),
  fc.constantFrom('+', '-'),
] as const

const anyAbsoluteTime = fc.tuple(...ABSOLUTE).map((parts) => parts.join(''))
const anyRelativeTime = digits(15).map((span) => `${span}R`)
const anyTime = fc.oneof(fc.constant(''), anyAbsoluteTime, anyRelativeTime)

/**
 * Invalid values for the part of ABSOLUTE at each index. The year and the tenths are not listed,
 * because they may have any digits.
 */
const IMPOSSIBLE: readonly (readonly [number, fc.Arbitrary<string>])[] = [
  [1, fc.oneof(fc.constant('00'), twoDigits(13, 99))],
  [2, fc.oneof(fc.constant('00'), twoDigits(32, 99))],
  [3, twoDigits(24, 99)],
  [4, twoDigits(60, 99)],
  [5, twoDigits(60, 99)],
  [7, twoDigits(49, 99)],
]

/** Any non-empty text that is not a valid time in the format of SMPP 3.4 §7.1.1. */
export const anyWrongTime: fc.Arbitrary<string> = fc.oneof(
  fc
    .tuple(fc.tuple(...ABSOLUTE), fc.constantFrom(...IMPOSSIBLE))
    .chain(([parts, [at, wrong]]) => wrong.map((part) => parts.with(at, part).join(''))),
  // Texts of digits only, times with a digit too many, times with a wrong last character, and texts
  // without a digit.
  fc.integer({ min: 1, max: 30 }).chain(digits),
  fc.oneof(anyAbsoluteTime, anyRelativeTime).map((time) => `${time}0`),
  fc
    .tuple(
      digits(15),
      character.filter((one) => !'+-R'.includes(one)),
    )
    .map((it) => it.join('')),
  fc.string({ unit: character.filter((one) => !/[0-9]/.test(one)), minLength: 1, maxLength: 20 }),
)

function valueOf(field: Field): fc.Arbitrary<unknown> {
  switch (field.kind) {
    case 'integer':
      return fc.integer({ min: 0, max: 2 ** (8 * field.octets) - 1 })
    case 'cString':
      return fc.string({ unit: character, maxLength: field.octetsMax - 1 })
    case 'time':
      return anyTime
    case 'octets':
      return anyOctets(255)
    case 'list':
      return fc.array(entryOf(field.entry), { maxLength: 255 })
    case 'choices': {
      const entries = field.choices.map(({ flag, fields }) =>
        entryOf(fields).map((entry) => ({ [field.flag]: flag, ...entry })),
      )
      return fc.array(fc.oneof(...entries), { minLength: 1, maxLength: 255 })
    }
  }
}

function entryOf(fields: readonly EntryField[]): fc.Arbitrary<object> {
  return fc.record(Object.fromEntries(fields.map((field) => [field.name, valueOf(field)])))
}

export function anyPduOf<C extends CommandName>(command: C): fc.Arbitrary<Pdu<C>> {
  const row: PduRow = PDUS[command]
  const fields = Object.fromEntries(row.fields.map((field) => [field.name, valueOf(field)]))
  const header = {
    command: fc.constant(command),
    command_status: fc.integer({ min: 0, max: 0xffffffff }),
    sequence_number: fc.integer({ min: 0, max: 0xffffffff }),
  }
  const whole = row.tlvs
    ? fc.record({ ...header, ...fields, tlvs: anyTlvs })
    : withRareTlvs(fc.record({ ...header, ...fields }))
  // The PDU has the fields that PDUS lists for its command, so it has that command's type.
  return whole as fc.Arbitrary<unknown> as fc.Arbitrary<Pdu<C>>
}

/** Adds vendors' TLVs to some PDUs for which the specification has no TLVs. */
function withRareTlvs(pdu: fc.Arbitrary<object>): fc.Arbitrary<object> {
  const some = anyTlvs.filter((tlvs) => tlvs.length > 0)
  return fc
    .tuple(pdu, fc.option(some, { nil: undefined }))
    .map(([plain, tlvs]) => (tlvs ? { ...plain, tlvs } : plain))
}

// The keys of PDUS are the command names.
export const ALL_COMMANDS = Object.keys(PDUS) as CommandName[]

export const anyPdu: fc.Arbitrary<Pdu> = fc.constantFrom(...ALL_COMMANDS).chain(anyPduOf)
