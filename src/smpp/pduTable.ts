// The PDUs, each a row: command_id, who may send it in which state (SMPP 5.0 table 2-1), and its
// fields in wire order (SMPP 3.4 §4). The rows are the truth: types, decoders and encoders all come
// from here. A new PDU is a new row, and a new kind of field is a case in compilePdu.ts.

import {
  ESME_RBINDFAIL,
  ESME_RINVDSTADR,
  ESME_RINVEXPIRY,
  ESME_RINVMSGID,
  ESME_RINVMSGLEN,
  ESME_RINVPASWD,
  ESME_RINVSCHED,
  ESME_RINVSERTYP,
  ESME_RINVSRCADR,
  ESME_RINVSYSID,
  ESME_RINVSYSTYP,
} from './commandStatus.ts'
import type { Tlv } from './tlv.ts'

export type SessionState = 'OPEN' | 'BOUND_TX' | 'BOUND_RX' | 'BOUND_TRX' | 'UNBOUND' | 'CLOSED'

export interface IntegerField {
  readonly kind: 'integer'
  readonly name: string
  readonly octets: 1 | 2 | 4
}

/** NUL-terminated, at most octetsMax octets with its NUL; commandStatus answers a longer one. */
export interface CStringField {
  readonly kind: 'cString'
  readonly name: string
  readonly octetsMax: number
  readonly commandStatus: number
}

/** Empty, or exactly 16 characters of SMPP 3.4 §7.1.1, and the NUL. */
export interface TimeField {
  readonly kind: 'time'
  readonly name: string
  readonly commandStatus: number
}

/** A length octet (`sm_length`), then that many octets. */
export interface OctetsField {
  readonly kind: 'octets'
  readonly name: string
  readonly commandStatus: number
}

export type Field = IntegerField | CStringField | TimeField | OctetsField

export interface PduRow {
  readonly command_id: number
  /** States in which an ESME, and an MC, may send it. A response goes wherever its request came. */
  readonly esme: readonly SessionState[]
  readonly mc: readonly SessionState[]
  readonly fields: readonly Field[]
  /** Whether TLVs follow. Where not, octets behind the last field are ignored (5.0 §2.11.1). */
  readonly tlvs: boolean
}

function int<const N extends string, const W extends 1 | 2 | 4>(name: N, octets: W) {
  return { kind: 'integer', name, octets } as const satisfies IntegerField
}

function cString<const N extends string>(name: N, octetsMax: number, commandStatus: number) {
  return { kind: 'cString', name, octetsMax, commandStatus } as const satisfies CStringField
}

function time<const N extends string>(name: N, commandStatus: number) {
  return { kind: 'time', name, commandStatus } as const satisfies TimeField
}

function octets<const N extends string>(name: N, commandStatus: number) {
  return { kind: 'octets', name, commandStatus } as const satisfies OctetsField
}

const NEVER = [] as const
const OPEN = ['OPEN'] as const
const TRANSMITTER = ['BOUND_TX', 'BOUND_TRX'] as const
const RECEIVER = ['BOUND_RX', 'BOUND_TRX'] as const
const BOUND = ['BOUND_TX', 'BOUND_RX', 'BOUND_TRX'] as const
const ALWAYS = ['OPEN', 'BOUND_TX', 'BOUND_RX', 'BOUND_TRX', 'UNBOUND'] as const

// SMPP 3.4 §4.1.1; the three binds differ in their command_id alone.
const BIND = [
  cString('system_id', 16, ESME_RINVSYSID),
  cString('password', 9, ESME_RINVPASWD),
  cString('system_type', 13, ESME_RINVSYSTYP),
  int('interface_version', 1),
  int('addr_ton', 1),
  int('addr_npi', 1),
  cString('address_range', 41, ESME_RBINDFAIL),
] as const

const BIND_RESP = [cString('system_id', 16, ESME_RINVSYSID)] as const

const SOURCE = [
  int('source_addr_ton', 1),
  int('source_addr_npi', 1),
  cString('source_addr', 21, ESME_RINVSRCADR),
] as const

const DESTINATION = [
  int('dest_addr_ton', 1),
  int('dest_addr_npi', 1),
  cString('destination_addr', 21, ESME_RINVDSTADR),
] as const

const MESSAGE = [octets('short_message', ESME_RINVMSGLEN)] as const

// SMPP 3.4 §4.4.1
const SUBMIT = [
  cString('service_type', 6, ESME_RINVSERTYP),
  ...SOURCE,
  ...DESTINATION,
  int('esm_class', 1),
  int('protocol_id', 1),
  int('priority_flag', 1),
  time('schedule_delivery_time', ESME_RINVSCHED),
  time('validity_period', ESME_RINVEXPIRY),
  int('registered_delivery', 1),
  int('replace_if_present_flag', 1),
  int('data_coding', 1),
  int('sm_default_msg_id', 1),
  ...MESSAGE,
] as const

// SMPP 3.4 §4.6.1: the same layout. Its two times are unused, so whatever an SMSC puts there is
// taken: a refusal would only make it send the message again.
const DELIVER = [
  cString('service_type', 6, ESME_RINVSERTYP),
  ...SOURCE,
  ...DESTINATION,
  int('esm_class', 1),
  int('protocol_id', 1),
  int('priority_flag', 1),
  cString('schedule_delivery_time', 17, ESME_RINVSCHED),
  cString('validity_period', 17, ESME_RINVEXPIRY),
  int('registered_delivery', 1),
  int('replace_if_present_flag', 1),
  int('data_coding', 1),
  int('sm_default_msg_id', 1),
  ...MESSAGE,
] as const

const MESSAGE_ID = [cString('message_id', 65, ESME_RINVMSGID)] as const

function bind<const I extends number>(command_id: I) {
  return { command_id, esme: OPEN, mc: NEVER, fields: BIND, tlvs: false } as const
}

function response<const F extends readonly Field[], const T extends boolean>(
  command_id: number,
  fields: F,
  tlvs: T,
) {
  return { command_id, esme: ALWAYS, mc: ALWAYS, fields, tlvs } as const
}

export const PDUS = {
  generic_nack: response(0x80000000, [], false),
  bind_receiver: bind(0x00000001),
  bind_receiver_resp: response(0x80000001, BIND_RESP, true),
  bind_transmitter: bind(0x00000002),
  bind_transmitter_resp: response(0x80000002, BIND_RESP, true),
  submit_sm: { command_id: 0x00000004, esme: TRANSMITTER, mc: NEVER, fields: SUBMIT, tlvs: true },
  submit_sm_resp: response(0x80000004, MESSAGE_ID, true),
  deliver_sm: { command_id: 0x00000005, esme: NEVER, mc: RECEIVER, fields: DELIVER, tlvs: true },
  deliver_sm_resp: response(0x80000005, MESSAGE_ID, true),
  unbind: { command_id: 0x00000006, esme: BOUND, mc: BOUND, fields: [], tlvs: false },
  unbind_resp: response(0x80000006, [], false),
  bind_transceiver: bind(0x00000009),
  bind_transceiver_resp: response(0x80000009, BIND_RESP, true),
  enquire_link: { command_id: 0x00000015, esme: ALWAYS, mc: ALWAYS, fields: [], tlvs: false },
  enquire_link_resp: response(0x80000015, [], false),
} as const satisfies Readonly<Record<string, PduRow>>

export type CommandName = keyof typeof PDUS

type FieldValue<F extends Field> = F extends IntegerField
  ? number
  : F extends OctetsField
    ? Buffer
    : string

type BodyOf<R extends PduRow> = {
  [F in R['fields'][number] as F['name']]: FieldValue<F>
} & (R['tlvs'] extends true ? { tlvs: readonly Tlv[] } : unknown)

/** The body of each PDU, as its row says: `sm_length` is implied by `short_message`. */
export type PduBodies = {
  [C in CommandName]: { [K in keyof BodyOf<(typeof PDUS)[C]>]: BodyOf<(typeof PDUS)[C]>[K] }
}

export type BindCommand = 'bind_transmitter' | 'bind_receiver' | 'bind_transceiver'
export type MessageCommand = 'submit_sm' | 'deliver_sm'
export type BindBody = PduBodies['bind_transceiver']
export type ShortMessageBody = PduBodies['submit_sm']

/** A whole PDU. `command_length` is implied, `command_id` is `command`. */
export type Pdu<C extends CommandName = CommandName> = {
  [K in C]: {
    command: K
    command_status: number
    sequence_number: number
  } & PduBodies[K]
}[C]

/** The response to each request. */
export type ResponseTo<C extends CommandName> = `${C}_resp` extends CommandName
  ? `${C}_resp`
  : never

/** What a bind makes of a session (SMPP 3.4 §2.2). */
export const BOUND_STATE: Readonly<Record<BindCommand, SessionState>> = {
  bind_transmitter: 'BOUND_TX',
  bind_receiver: 'BOUND_RX',
  bind_transceiver: 'BOUND_TRX',
}
