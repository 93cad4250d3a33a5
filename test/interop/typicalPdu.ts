import { INTERFACE_VERSION, type CommandName, type Pdu, type Tlv } from '../../src/smpp/index.ts'
import type { EntryField, Field } from '../../src/smpp/wire/pduField.ts'
import { PDUS, type PduRow } from '../../src/smpp/wire/pduTable.ts'

/** Typical values of common fields. All other fields get a value that fits their kind. */
const VALUES: Readonly<Record<string, string | number>> = {
  system_id: 'shop',
  password: 'secret',
  system_type: 'web',
  interface_version: INTERFACE_VERSION.V3_4,
  address_range: '^4477',
  service_type: 'CMT',
  source_addr_ton: 5,
  source_addr_npi: 0,
  source_addr: 'Shop',
  destination_addr: '447700900123',
  esme_addr: '12345',
  dl_name: 'friends',
  message_id: '0a1b2c3d-4e5f',
  schedule_delivery_time: '261231235958700+',
  validity_period: '000002030405000R',
  final_date: '261231235959000+',
  priority_flag: 2,
  esm_class: 3,
  registered_delivery: 0x11,
  data_coding: 0,
  message_state: 2,
  error_code: 7,
  error_status_code: 0x0b,
}

/** A PDU of the command with a plausible value in every field. */
export function typicalPdu<C extends CommandName>(
  command: C,
  tlvs: readonly Tlv[] = [],
  command_status = 0,
): Pdu<C> {
  const row: PduRow = PDUS[command]
  const fields = row.fields.map((field) => [field.name, valueOf(field)])
  const pdu: unknown = {
    command,
    command_status,
    sequence_number: 0x01020304,
    ...Object.fromEntries(fields),
    ...(row.tlvs ? { tlvs } : {}),
  }
  // Built from the row of its command, so it has the fields of that PDU.
  return pdu as Pdu<C>
}

function valueOf(field: Field): unknown {
  switch (field.kind) {
    case 'list':
      return [entryOf(field.entry), { ...entryOf(field.entry), destination_addr: '4478' }]
    case 'choices':
      return field.choices.map(({ flag, fields }) => ({
        [field.flag]: flag,
        ...entryOf(fields),
      }))
    case 'octets':
      return Buffer.from('Hello, world')
    case 'integer':
      return VALUES[field.name] ?? 1
    default:
      return VALUES[field.name] ?? ''
  }
}

function entryOf(fields: readonly EntryField[]): Record<string, unknown> {
  return Object.fromEntries(fields.map((field) => [field.name, valueOf(field)]))
}
