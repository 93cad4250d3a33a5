import { isResponseId } from '../../src/smpp/wire/codec.ts'
import type { FieldSpan } from './fieldSpans.ts'

/** A field as Wireshark should show it. */
export interface ShownField {
  readonly name: string
  readonly at: number
  readonly octets: number
  /** Undefined if Wireshark shows no value that could be compared. */
  readonly value?: FieldSpan['value'] | undefined
  /**
   * Whether the field is empty. Wireshark shows some empty fields, for example as `(Default)`, and
   * omits others.
   */
  readonly isEmpty?: boolean
}

/** The fields that Wireshark should show for a PDU, in its order. */
export function shownFields(spans: readonly FieldSpan[]): readonly ShownField[] {
  const isResponse = spans.some(
    ({ name, value }) => name === 'command_id' && isResponseId(Number(value)),
  )
  let tag = 0
  return spans.flatMap((span) => {
    if (span.name === 'tag') tag = Number(span.value)
    return span.name === 'command_status' && !isResponse ? [] : shownAs(span, tag)
  })
}

function shownAs(span: FieldSpan, tag: number): readonly ShownField[] {
  const { name, at, octets, value } = span
  const parts = PARTS[name]
  if (parts)
    return parts(Number(value)).map(({ from = 0, ...part }) => ({ octets, ...part, at: at + from }))
  const shown = { name: shownName(span, tag), at, octets }
  if (isEmpty(span)) return [{ ...shown, isEmpty: true }]
  return [TIMES.has(name) ? shown : { ...shown, value: comparable(span) }]
}

function isEmpty({ name, value }: FieldSpan): boolean {
  if (name === 'short_message') return Buffer.isBuffer(value) && value.length === 0
  return value === '' || (name === 'unsuccess_sme' && value === 0)
}

function shownName({ name, octets, value }: FieldSpan, tag: number): string {
  const shown = `smpp.${SPELLED[name] ?? name.replace('tlv:', '')}`
  if (name === 'tlv:') return isVendors(tag) ? 'smpp.vendor_op' : RESERVED
  if (name === 'tlv:alert_on_message_delivery') return `${shown}_${octets === 0 ? 'null' : 'type'}`
  const isRelative = TIMES.has(name) && !/[+-]\0?$/.test(String(value))
  return isRelative ? `${shown}_r` : shown
}

const RESERVED = 'smpp.reserved_op'

/** Whether the tag is in the range for vendors (SMPP 3.4 §5.3.2, table 5-7). */
function isVendors(tag: number): boolean {
  return tag >= 0x1400 && tag <= 0x3fff
}

const TIMES = new Set([
  'schedule_delivery_time',
  'validity_period',
  'final_date',
  'tlv:broadcast_end_time',
])

/** Fields to which Wireshark gives another name. */
const SPELLED: Readonly<Record<string, string>> = {
  short_message: 'message',
  tag: 'opt_param_tag',
  length: 'opt_param_len',
  dest_address: 'dlist',
  unsuccess_sme: 'dlist_resp',
  'tlv:dest_port': 'destination_port',
  'tlv:sc_interface_version': 'SC_interface_version',
  'tlv:broadcast_content_type_info': 'broadcast_content_type.info',
  'tlv:billing_identification': 'billing_id',
  'tlv:dest_addr_np_information': 'dest_addr_np_info',
}

interface Part {
  readonly name: string
  /** The offset in the field, and the length, unless the part covers the whole field. */
  readonly from?: number
  readonly octets?: number
  readonly value?: number
}

/**
 * Fields that Wireshark splits into bits of an octet or octets of a value. It does not show
 * dest_flag.
 */
const PARTS: Readonly<Record<string, (value: number) => readonly Part[]>> = {
  dest_flag: () => [],
  esm_class: (value) => [
    { name: 'smpp.esm.submit.msg_mode', value: value & 3 },
    { name: 'smpp.esm.submit.msg_type', value: (value >> 2) & 0xf },
    { name: 'smpp.esm.submit.features', value: value >> 6 },
  ],
  registered_delivery: (value) => [
    { name: 'smpp.regdel.receipt', value: value & 3 },
    { name: 'smpp.regdel.acks', value: (value >> 2) & 3 },
    { name: 'smpp.regdel.notif', value: (value >> 4) & 1 },
  ],
  'tlv:ms_msg_wait_facilities': () => [
    { name: 'smpp.msg_wait.ind' },
    { name: 'smpp.msg_wait.type' },
  ],
  'tlv:callback_num_pres_ind': () => [
    { name: 'smpp.callback_num.pres' },
    { name: 'smpp.callback_num.scrn' },
  ],
  'tlv:network_error_code': () => [
    { name: 'smpp.network_error.type', octets: 1 },
    { name: 'smpp.network_error.code', from: 1, octets: 2 },
  ],
  'tlv:broadcast_content_type': () => [
    { name: 'smpp.broadcast_content_type.nw', octets: 1 },
    { name: 'smpp.broadcast_content_type.type', from: 1, octets: 2 },
  ],
  'tlv:broadcast_frequency_interval': () => [
    { name: 'smpp.broadcast_frequency_interval.unit', octets: 1 },
    { name: 'smpp.broadcast_frequency_interval.value', from: 1, octets: 2 },
  ],
  'tlv:its_session_info': () => [
    { name: 'smpp.its_session.number', octets: 1 },
    { name: 'smpp.its_session.sequence', from: 1, octets: 1 },
    { name: 'smpp.its_session.ind', from: 1, octets: 1 },
  ],
}

/**
 * The value to compare. Wireshark reads one bit of replace_if_present_flag, and shows no value for
 * lists.
 */
function comparable({ name, value }: FieldSpan): ShownField['value'] {
  if (name === 'replace_if_present_flag') return Number(value) & 1
  return name === 'dest_address' || name === 'unsuccess_sme' ? undefined : value
}
