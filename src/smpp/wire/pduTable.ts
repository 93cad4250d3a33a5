// The table of PDUs. Each row has the command_id, the states in which each side may send the PDU
// (SMPP 5.0 table 2-1), and the fields in wire order (SMPP 3.4 §4). Types, decoders and encoders
// are derived from the table. Each PDU is a row, and each kind of field is a case in compilePdu.ts.

import {
  ESME_RBINDFAIL,
  ESME_RINVDESTFLAG,
  ESME_RINVDLNAME,
  ESME_RINVDSTADR,
  ESME_RINVEXPIRY,
  ESME_RINVMSGID,
  ESME_RINVMSGLEN,
  ESME_RINVNUMDESTS,
  ESME_RINVPASWD,
  ESME_RINVSCHED,
  ESME_RINVSERTYP,
  ESME_RINVSRCADR,
  ESME_RINVSYSID,
  ESME_RINVSYSTYP,
  ESME_RQUERYFAIL,
} from './commandStatus.ts'
import { DEST_FLAG } from './values/addressing.ts'
import { INTERFACE_VERSION, type InterfaceVersion } from './interfaceVersion.ts'
import { choices, cString, int, list, octets, time } from './pduField.ts'
import type { Field, FieldValue } from './pduField.ts'
import type { Tlv } from './tlv.ts'
import type { TlvName } from './tlvTable.ts'

/**
 * The state of a session (SMPP 5.0 §2.3). OUTBOUND: the centre sent outbind, and the ESME has not
 * bound yet. UNBOUND: an unbind was sent or received, and the connection is not closed yet.
 */
export type SessionState =
  | 'OPEN'
  | 'OUTBOUND'
  | 'BOUND_TX'
  | 'BOUND_RX'
  | 'BOUND_TRX'
  | 'UNBOUND'
  | 'CLOSED'

export interface PduRow {
  readonly command_id: number
  /** The first version with this PDU. */
  readonly since: InterfaceVersion
  /** The states in which each side may send the PDU: for responses, all except CLOSED. */
  readonly esme: readonly SessionState[]
  readonly mc: readonly SessionState[]
  readonly fields: readonly Field[]
  /** Whether SMPP defines TLVs for the PDU. If not, any octets may follow (5.0 §2.11.1). */
  readonly tlvs: boolean
  /** Required TLVs. If any of them is missing, the answer is ESME_RMISSINGTLV. */
  readonly tlvsRequired?: readonly TlvName[]
}

const NEVER = [] as const
const OPEN = ['OPEN'] as const
const NOT_BOUND = ['OPEN', 'OUTBOUND'] as const
const TRANSMITTER = ['BOUND_TX', 'BOUND_TRX'] as const
const RECEIVER = ['BOUND_RX', 'BOUND_TRX'] as const
const BOUND = ['BOUND_TX', 'BOUND_RX', 'BOUND_TRX'] as const
const ALWAYS = [...NOT_BOUND, ...BOUND, 'UNBOUND'] as const

// SMPP 3.4 §4.1.1. The three binds differ only in their command_id.
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

const OPTIONS = [
  int('esm_class', 1),
  int('protocol_id', 1),
  int('priority_flag', 1),
  time('schedule_delivery_time', ESME_RINVSCHED),
  time('validity_period', ESME_RINVEXPIRY),
  int('registered_delivery', 1),
  int('replace_if_present_flag', 1),
  int('data_coding', 1),
  int('sm_default_msg_id', 1),
] as const

// SMPP 3.4 §4.4.1
const SUBMIT = [
  cString('service_type', 6, ESME_RINVSERTYP),
  ...SOURCE,
  ...DESTINATION,
  ...OPTIONS,
  ...MESSAGE,
] as const

// SMPP 3.4 §4.6.1: the same layout as submit_sm. The two times are unused, so any text in them is
// accepted. A refusal would only make the SMSC send the message again.
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

// SMPP 3.4 §4.5.1: the number of destinations in one octet, then the destinations. Each is an
// address or the name of a distribution list.
const SUBMIT_MULTI = [
  cString('service_type', 6, ESME_RINVSERTYP),
  ...SOURCE,
  choices(
    'dest_address',
    'dest_flag',
    [
      { flag: DEST_FLAG.SME_ADDRESS, fields: DESTINATION },
      {
        flag: DEST_FLAG.DISTRIBUTION_LIST,
        fields: [cString('dl_name', 21, ESME_RINVDLNAME)],
      },
    ],
    ESME_RINVNUMDESTS,
    ESME_RINVDESTFLAG,
  ),
  ...OPTIONS,
  ...MESSAGE,
] as const

const SUBMIT_MULTI_RESP = [
  ...MESSAGE_ID,
  list('unsuccess_sme', [...DESTINATION, int('error_status_code', 4)], ESME_RINVNUMDESTS),
] as const

// SMPP 3.4 §4.7.1. The addresses may be longer than in submit_sm, and the text is always in the TLV
// message_payload.
const DATA = [
  cString('service_type', 6, ESME_RINVSERTYP),
  int('source_addr_ton', 1),
  int('source_addr_npi', 1),
  cString('source_addr', 65, ESME_RINVSRCADR),
  int('dest_addr_ton', 1),
  int('dest_addr_npi', 1),
  cString('destination_addr', 65, ESME_RINVDSTADR),
  int('esm_class', 1),
  int('registered_delivery', 1),
  int('data_coding', 1),
] as const

const QUERY = [...MESSAGE_ID, ...SOURCE] as const

// SMPP 3.4 §4.8.2. Message centres may write final_date in 12 digits (§7.1.1).
const QUERY_RESP = [
  ...MESSAGE_ID,
  cString('final_date', 17, ESME_RQUERYFAIL),
  int('message_state', 1),
  int('error_code', 1),
] as const

const CANCEL = [
  cString('service_type', 6, ESME_RINVSERTYP),
  ...MESSAGE_ID,
  ...SOURCE,
  ...DESTINATION,
] as const

const REPLACE = [
  ...MESSAGE_ID,
  ...SOURCE,
  time('schedule_delivery_time', ESME_RINVSCHED),
  time('validity_period', ESME_RINVEXPIRY),
  int('registered_delivery', 1),
  int('sm_default_msg_id', 1),
  ...MESSAGE,
] as const

// SMPP 3.4 §4.12.1
const ALERT = [
  int('source_addr_ton', 1),
  int('source_addr_npi', 1),
  cString('source_addr', 65, ESME_RINVSRCADR),
  int('esme_addr_ton', 1),
  int('esme_addr_npi', 1),
  cString('esme_addr', 65, ESME_RINVDSTADR),
] as const

// SMPP 3.4 §4.1.7 limits the password to 9 octets, but message centres send longer ones. An outbind
// has no response in which to refuse them, so longer passwords are passed to the ESME.
const OUTBIND = [
  cString('system_id', 16, ESME_RINVSYSID),
  cString('password', 65, ESME_RINVPASWD),
] as const

// SMPP 5.0 §4.4.1.1. TLVs hold the areas, the repetitions and their interval.
const BROADCAST = [
  cString('service_type', 6, ESME_RINVSERTYP),
  ...SOURCE,
  ...MESSAGE_ID,
  int('priority_flag', 1),
  time('schedule_delivery_time', ESME_RINVSCHED),
  time('validity_period', ESME_RINVEXPIRY),
  int('replace_if_present_flag', 1),
  int('data_coding', 1),
  int('sm_default_msg_id', 1),
] as const

const BROADCAST_TLVS = [
  'broadcast_area_identifier',
  'broadcast_content_type',
  'broadcast_rep_num',
  'broadcast_frequency_interval',
] as const

const CANCEL_BROADCAST = [
  cString('service_type', 6, ESME_RINVSERTYP),
  ...MESSAGE_ID,
  ...SOURCE,
] as const

const { V3_3, V3_4, V5_0 } = INTERFACE_VERSION

function bind<const I extends number>(command_id: I, since: InterfaceVersion) {
  return { command_id, since, esme: NOT_BOUND, mc: NEVER, fields: BIND, tlvs: false } as const
}

function ofEsme<const F extends readonly Field[], const T extends boolean>(
  command_id: number,
  since: InterfaceVersion,
  fields: F,
  tlvs: T,
) {
  return { command_id, since, esme: TRANSMITTER, mc: NEVER, fields, tlvs } as const
}

/** Every response may have TLVs, because congestion_state is allowed in all (SMPP 5.0 §4.8.4). */
function response<const F extends readonly Field[]>(
  command_id: number,
  since: InterfaceVersion,
  fields: F,
) {
  return { command_id, since, esme: ALWAYS, mc: ALWAYS, fields, tlvs: true } as const
}

export const PDUS = {
  generic_nack: response(0x80000000, V3_3, []),
  bind_receiver: bind(0x00000001, V3_3),
  bind_receiver_resp: response(0x80000001, V3_3, BIND_RESP),
  bind_transmitter: bind(0x00000002, V3_3),
  bind_transmitter_resp: response(0x80000002, V3_3, BIND_RESP),
  query_sm: ofEsme(0x00000003, V3_3, QUERY, false),
  query_sm_resp: response(0x80000003, V3_3, QUERY_RESP),
  submit_sm: ofEsme(0x00000004, V3_3, SUBMIT, true),
  submit_sm_resp: response(0x80000004, V3_3, MESSAGE_ID),
  deliver_sm: {
    command_id: 0x00000005,
    since: V3_3,
    esme: NEVER,
    mc: RECEIVER,
    fields: DELIVER,
    tlvs: true,
  },
  deliver_sm_resp: response(0x80000005, V3_3, MESSAGE_ID),
  unbind: {
    command_id: 0x00000006,
    since: V3_3,
    esme: BOUND,
    mc: BOUND,
    fields: [],
    tlvs: false,
  },
  unbind_resp: response(0x80000006, V3_3, []),
  replace_sm: ofEsme(0x00000007, V3_3, REPLACE, true),
  replace_sm_resp: response(0x80000007, V3_3, []),
  cancel_sm: ofEsme(0x00000008, V3_3, CANCEL, false),
  cancel_sm_resp: response(0x80000008, V3_3, []),
  bind_transceiver: bind(0x00000009, V3_4),
  bind_transceiver_resp: response(0x80000009, V3_4, BIND_RESP),
  outbind: {
    command_id: 0x0000000b,
    since: V3_4,
    esme: NEVER,
    mc: OPEN,
    fields: OUTBIND,
    tlvs: false,
  },
  enquire_link: {
    command_id: 0x00000015,
    since: V3_3,
    esme: ALWAYS,
    mc: ALWAYS,
    fields: [],
    tlvs: false,
  },
  enquire_link_resp: response(0x80000015, V3_3, []),
  submit_multi: ofEsme(0x00000021, V3_3, SUBMIT_MULTI, true),
  submit_multi_resp: response(0x80000021, V3_3, SUBMIT_MULTI_RESP),
  alert_notification: {
    command_id: 0x00000102,
    since: V3_4,
    esme: NEVER,
    mc: RECEIVER,
    fields: ALERT,
    tlvs: true,
  },
  data_sm: {
    command_id: 0x00000103,
    since: V3_4,
    esme: TRANSMITTER,
    mc: RECEIVER,
    fields: DATA,
    tlvs: true,
  },
  data_sm_resp: response(0x80000103, V3_4, MESSAGE_ID),
  broadcast_sm: { ...ofEsme(0x00000111, V5_0, BROADCAST, true), tlvsRequired: BROADCAST_TLVS },
  broadcast_sm_resp: response(0x80000111, V5_0, MESSAGE_ID),
  query_broadcast_sm: ofEsme(0x00000112, V5_0, QUERY, true),
  query_broadcast_sm_resp: response(0x80000112, V5_0, MESSAGE_ID),
  cancel_broadcast_sm: ofEsme(0x00000113, V5_0, CANCEL_BROADCAST, true),
  cancel_broadcast_sm_resp: response(0x80000113, V5_0, []),
} as const satisfies Readonly<Record<string, PduRow>>

/** The name of each PDU, as the specification spells it. */
export type CommandName = keyof typeof PDUS

type BodyOf<R extends PduRow> = {
  [F in R['fields'][number] as F['name']]: FieldValue<F>
} & (R['tlvs'] extends true ? { tlvs: readonly Tlv[] } : { tlvs?: readonly Tlv[] })

/**
 * The body of each PDU. Integers are numbers, C-octet strings are strings (Latin-1, without NUL),
 * and octets are a Buffer. Lengths and counts such as `sm_length` are implied. If the specification
 * defines no TLVs for a PDU, `tlvs` is present only if the peer sent some. Vendors add TLVs to
 * binds, for example.
 */
export type PduBodies = {
  [C in CommandName]: { [K in keyof BodyOf<(typeof PDUS)[C]>]: BodyOf<(typeof PDUS)[C]>[K] }
}

/** The requests that bind a session: to send, to receive, or both. */
export type BindCommand = 'bind_transmitter' | 'bind_receiver' | 'bind_transceiver'
/** The PDUs without a response (SMPP 3.4 §4.12, §4.1.7). */
export type OneWayCommand = 'alert_notification' | 'outbind'
/** The requests that applications exchange. The session handles bind, unbind and enquire_link. */
export type RequestCommand = {
  [C in CommandName]: `${C}_resp` extends CommandName ? C : never
}[Exclude<CommandName, BindCommand | 'unbind' | 'enquire_link'>]
/** The body of a bind. The three binds differ only in their command_id (SMPP 3.4 §4.1). */
export type BindBody = PduBodies['bind_transceiver']
/** The body of a submit_sm or deliver_sm (SMPP 3.4 §4.4.1, §4.6.1). */
export type ShortMessageBody = PduBodies['submit_sm']

/** A PDU with its header. `command` stands for `command_id`, and `command_length` is implied. */
export type Pdu<C extends CommandName = CommandName> = {
  [K in C]: {
    command: K
    command_status: number
    sequence_number: number
    /**
     * The whole body as received. The decoder sets it only if the fields do not describe all of the
     * body, as in a truncated response. The encoder writes it only if the fields still match it.
     */
    bodyOctets?: Buffer
  } & PduBodies[K]
}[C]

/** The name of the response to a request; `never` if there is none. */
export type ResponseTo<C extends CommandName> = `${C}_resp` extends CommandName
  ? `${C}_resp`
  : never

/** The state of a session after each bind (SMPP 3.4 §2.2). */
export const BOUND_STATE: Readonly<Record<BindCommand, SessionState>> = {
  bind_transmitter: 'BOUND_TX',
  bind_receiver: 'BOUND_RX',
  bind_transceiver: 'BOUND_TRX',
}
