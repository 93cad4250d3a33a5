import fc from 'fast-check'
import type { EntryField, Field } from './pduField.ts'
import { PDUS, type CommandName, type Pdu, type PduRow } from './pduTable.ts'

export const anyOctets = (maxLength: number) =>
  fc.uint8Array({ maxLength }).map((array) => Buffer.from(array))

const anyTlvs = fc.array(
  fc.record({ tag: fc.integer({ min: 0, max: 0xffff }), octets: anyOctets(300) }),
  { maxLength: 5 },
)

const character = fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code))

function valueOf(field: Field): fc.Arbitrary<unknown> {
  switch (field.kind) {
    case 'integer':
      return fc.integer({ min: 0, max: 2 ** (8 * field.octets) - 1 })
    case 'cString':
      return fc.string({ unit: character, maxLength: field.octetsMax - 1 })
    case 'time':
      return fc.constantFrom('', '261231235959948+', '000002000000000R')
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
  return fc.record({
    command: fc.constant(command),
    command_status: fc.integer({ min: 0, max: 0xffffffff }),
    sequence_number: fc.integer({ min: 0, max: 0xffffffff }),
    ...fields,
    ...(row.tlvs ? { tlvs: anyTlvs } : {}),
    // Built from the row of its command, so it is a PDU of it.
  }) as fc.Arbitrary<unknown> as fc.Arbitrary<Pdu<C>>
}

// The keys of PDUS are the command names.
export const ALL_COMMANDS = Object.keys(PDUS) as CommandName[]

export const anyPdu: fc.Arbitrary<Pdu> = fc.constantFrom(...ALL_COMMANDS).chain(anyPduOf)
