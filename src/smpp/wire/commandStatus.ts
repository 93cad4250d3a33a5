// The command_status values, and the class of each. The names are those of SMPP 5.0 §4.7.6, or of
// 3.4 if 5.0 does not name a value.

/** No error. */
export const ESME_ROK = 0x00
/** The message is too long, or sm_length is wrong. */
export const ESME_RINVMSGLEN = 0x01
/** command_length is wrong, or does not match the body. */
export const ESME_RINVCMDLEN = 0x02
/** The command does not exist, or is not supported here. */
export const ESME_RINVCMDID = 0x03
/** The state of the session forbids the command. */
export const ESME_RINVBNDSTS = 0x04
/** The session is already bound, or the limit on binds is reached. */
export const ESME_RALYBND = 0x05
/** priority_flag is wrong. */
export const ESME_RINVPRTFLG = 0x06
/** registered_delivery is wrong. */
export const ESME_RINVREGDLVFLG = 0x07
/** The peer has an internal error. */
export const ESME_RSYSERR = 0x08
/** source_addr is wrong. */
export const ESME_RINVSRCADR = 0x0a
/** destination_addr is wrong. */
export const ESME_RINVDSTADR = 0x0b
/** message_id is wrong. */
export const ESME_RINVMSGID = 0x0c
/** The bind is refused. */
export const ESME_RBINDFAIL = 0x0d
/** password is wrong. */
export const ESME_RINVPASWD = 0x0e
/** system_id is unknown. */
export const ESME_RINVSYSID = 0x0f
/** cancel_sm failed. */
export const ESME_RCANCELFAIL = 0x11
/** replace_sm failed. */
export const ESME_RREPLACEFAIL = 0x13
/** The queue is full. */
export const ESME_RMSGQFUL = 0x14
/** service_type is wrong. */
export const ESME_RINVSERTYP = 0x15
/** number_of_dests is wrong. */
export const ESME_RINVNUMDESTS = 0x33
/** The distribution list does not exist. */
export const ESME_RINVDLNAME = 0x34
/** dest_flag is wrong. */
export const ESME_RINVDESTFLAG = 0x40
/** replace_if_present_flag requests an unsupported feature. */
export const ESME_RINVSUBREP = 0x42
/** esm_class is wrong. */
export const ESME_RINVESMCLASS = 0x43
/** The message cannot be submitted to the distribution list. */
export const ESME_RCNTSUBDL = 0x44
/** submit_sm or submit_multi failed. */
export const ESME_RSUBMITFAIL = 0x45
/** source_addr_ton is wrong. */
export const ESME_RINVSRCTON = 0x48
/** source_addr_npi is wrong. */
export const ESME_RINVSRCNPI = 0x49
/** dest_addr_ton is wrong. */
export const ESME_RINVDSTTON = 0x50
/** dest_addr_npi is wrong. */
export const ESME_RINVDSTNPI = 0x51
/** system_type is wrong. */
export const ESME_RINVSYSTYP = 0x53
/** replace_if_present_flag is wrong. */
export const ESME_RINVREPFLAG = 0x54
/** number_of_messages is wrong. */
export const ESME_RINVNUMMSGS = 0x55
/** Too many messages were sent in too short a time. */
export const ESME_RTHROTTLED = 0x58
/** schedule_delivery_time is wrong. */
export const ESME_RINVSCHED = 0x61
/** validity_period is wrong. */
export const ESME_RINVEXPIRY = 0x62
/** No predefined message has this sm_default_msg_id. */
export const ESME_RINVDFTMSGID = 0x63
/** An ESME cannot accept the message now. Send it again later. */
export const ESME_RX_T_APPN = 0x64
/** An ESME will never accept this message. */
export const ESME_RX_P_APPN = 0x65
/** An ESME rejects this message. */
export const ESME_RX_R_APPN = 0x66
/** query_sm failed. */
export const ESME_RQUERYFAIL = 0x67
/** The octets after the last field are not valid TLVs. */
export const ESME_RINVTLVSTREAM = 0xc0
/** The command has a TLV that it may not have. */
export const ESME_RTLVNOTALLWD = 0xc1
/** The length of a TLV is wrong. */
export const ESME_RINVTLVLEN = 0xc2
/** A TLV that the command requires is missing. */
export const ESME_RMISSINGTLV = 0xc3
/** The value of a TLV is wrong. */
export const ESME_RINVTLVVAL = 0xc4
/** The message could not be delivered (data_sm_resp). */
export const ESME_RDELIVERYFAILURE = 0xfe
/** No reason is given. */
export const ESME_RUNKNOWNERR = 0xff
// Added in SMPP 5.0:
/** This ESME may not use the service_type. */
export const ESME_RSERTYPUNAUTH = 0x100
/** This ESME may not perform the operation. */
export const ESME_RPROHIBITED = 0x101
/** The service_type is not available now. */
export const ESME_RSERTYPUNAVAIL = 0x102
/** The service_type is denied. */
export const ESME_RSERTYPDENIED = 0x103
/** data_coding is wrong. */
export const ESME_RINVDCS = 0x104
/** source_addr_subunit is wrong. */
export const ESME_RINVSRCADDRSUBUNIT = 0x105
/** dest_addr_subunit is wrong. */
export const ESME_RINVDSTADDRSUBUNIT = 0x106
/** broadcast_frequency_interval is wrong. */
export const ESME_RINVBCASTFREQINT = 0x107
/** The name of a broadcast area is wrong. */
export const ESME_RINVBCASTALIAS_NAME = 0x108
/** The format of a broadcast area is wrong. */
export const ESME_RINVBCASTAREAFMT = 0x109
/** There are too many or too few broadcast areas. */
export const ESME_RINVNUMBCAST_AREAS = 0x10a
/** broadcast_content_type is wrong. */
export const ESME_RINVBCASTCNTTYPE = 0x10b
/** broadcast_message_class is wrong. */
export const ESME_RINVBCASTMSGCLASS = 0x10c
/** broadcast_sm failed. */
export const ESME_RBCASTFAIL = 0x10d
/** query_broadcast_sm failed. */
export const ESME_RBCASTQUERYFAIL = 0x10e
/** cancel_broadcast_sm failed. */
export const ESME_RBCASTCANCELFAIL = 0x10f
/** broadcast_rep_num is wrong. */
export const ESME_RINVBCAST_REP = 0x110
/** broadcast_service_group is wrong. */
export const ESME_RINVBCASTSRVGRP = 0x111
/** broadcast_channel_indicator is wrong. */
export const ESME_RINVBCASTCHANIND = 0x112

/**
 * How the sender of a request should react to a `command_status`:
 * - `throttled`: slow the whole connection down and send the message again;
 * - `temporary`: send this message again later;
 * - `permanent`: do not send this message again without changes;
 * - `session`: the fault lies in the connection or its credentials, not in the message.
 */
export type StatusClass = 'ok' | 'throttled' | 'temporary' | 'permanent' | 'session'

interface StatusRow {
  readonly name: string
  readonly class: StatusClass
}

const NAMES: Readonly<Record<StatusClass, Readonly<Record<string, number>>>> = {
  ok: { ESME_ROK },
  // A full queue is treated like throttling, because both mean that we send faster than the peer
  // can accept.
  throttled: { ESME_RTHROTTLED, ESME_RMSGQFUL },
  temporary: { ESME_RSYSERR, ESME_RX_T_APPN, ESME_RDELIVERYFAILURE, ESME_RSERTYPUNAVAIL },
  session: {
    ESME_RINVBNDSTS,
    ESME_RALYBND,
    ESME_RBINDFAIL,
    ESME_RINVPASWD,
    ESME_RINVSYSID,
    ESME_RINVSYSTYP,
  },
  permanent: {
    ESME_RINVMSGLEN,
    ESME_RINVCMDLEN,
    ESME_RINVCMDID,
    ESME_RINVPRTFLG,
    ESME_RINVREGDLVFLG,
    ESME_RINVSRCADR,
    ESME_RINVDSTADR,
    ESME_RINVMSGID,
    ESME_RCANCELFAIL,
    ESME_RREPLACEFAIL,
    ESME_RINVSERTYP,
    ESME_RINVNUMDESTS,
    ESME_RINVDLNAME,
    ESME_RINVDESTFLAG,
    ESME_RINVSUBREP,
    ESME_RINVESMCLASS,
    ESME_RCNTSUBDL,
    ESME_RSUBMITFAIL,
    ESME_RINVSRCTON,
    ESME_RINVSRCNPI,
    ESME_RINVDSTTON,
    ESME_RINVDSTNPI,
    ESME_RINVREPFLAG,
    ESME_RINVNUMMSGS,
    ESME_RINVSCHED,
    ESME_RINVEXPIRY,
    ESME_RINVDFTMSGID,
    ESME_RX_P_APPN,
    ESME_RX_R_APPN,
    ESME_RQUERYFAIL,
    ESME_RINVTLVSTREAM,
    ESME_RTLVNOTALLWD,
    ESME_RINVTLVLEN,
    ESME_RMISSINGTLV,
    ESME_RINVTLVVAL,
    ESME_RUNKNOWNERR,
    ESME_RSERTYPUNAUTH,
    ESME_RPROHIBITED,
    ESME_RSERTYPDENIED,
    ESME_RINVDCS,
    ESME_RINVSRCADDRSUBUNIT,
    ESME_RINVDSTADDRSUBUNIT,
    ESME_RINVBCASTFREQINT,
    ESME_RINVBCASTALIAS_NAME,
    ESME_RINVBCASTAREAFMT,
    ESME_RINVNUMBCAST_AREAS,
    ESME_RINVBCASTCNTTYPE,
    ESME_RINVBCASTMSGCLASS,
    ESME_RBCASTFAIL,
    ESME_RBCASTQUERYFAIL,
    ESME_RBCASTCANCELFAIL,
    ESME_RINVBCAST_REP,
    ESME_RINVBCASTSRVGRP,
    ESME_RINVBCASTCHANIND,
  },
}

const STATUSES: ReadonlyMap<number, StatusRow> = new Map(
  // The keys of NAMES are exactly the StatusClass members, but Object.keys returns string[].
  (Object.keys(NAMES) as StatusClass[]).flatMap((statusClass) =>
    Object.entries(NAMES[statusClass]).map(([name, commandStatus]): [number, StatusRow] => [
      commandStatus,
      { name, class: statusClass },
    ]),
  ),
)

/**
 * The name of a command_status (SMPP 3.4 §5.1.3, 5.0 §4.7.6), such as `ESME_RTHROTTLED`. A status
 * without a name (vendors use 0x400-0x4FF) is returned as eight hexadecimal digits: `0x00000481`.
 */
export function commandStatusName(commandStatus: number): string {
  return (
    STATUSES.get(commandStatus)?.name ??
    `0x${(commandStatus >>> 0).toString(16).toUpperCase().padStart(8, '0')}`
  )
}

/**
 * The class of a command_status (SMPP 3.4 §5.1.3, 5.0 §4.7.6), which says how to react. The classes
 * come from practice, not from the specification. Unknown values are permanent, because retrying
 * a message that cannot succeed only adds load.
 */
export function classify(commandStatus: number): StatusClass {
  return STATUSES.get(commandStatus)?.class ?? 'permanent'
}
