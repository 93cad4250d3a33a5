// command_status values (SMPP 5.0 §4.7.6, names of 3.4 where 5.0 has none) and the one place where
// each of them is called temporary or permanent.

export const ESME_ROK = 0x00
export const ESME_RINVMSGLEN = 0x01
export const ESME_RINVCMDLEN = 0x02
export const ESME_RINVCMDID = 0x03
export const ESME_RINVBNDSTS = 0x04
export const ESME_RALYBND = 0x05
export const ESME_RINVPRTFLG = 0x06
export const ESME_RINVREGDLVFLG = 0x07
export const ESME_RSYSERR = 0x08
export const ESME_RINVSRCADR = 0x0a
export const ESME_RINVDSTADR = 0x0b
export const ESME_RINVMSGID = 0x0c
export const ESME_RBINDFAIL = 0x0d
export const ESME_RINVPASWD = 0x0e
export const ESME_RINVSYSID = 0x0f
export const ESME_RCANCELFAIL = 0x11
export const ESME_RREPLACEFAIL = 0x13
export const ESME_RMSGQFUL = 0x14
export const ESME_RINVSERTYP = 0x15
export const ESME_RINVNUMDESTS = 0x33
export const ESME_RINVDLNAME = 0x34
export const ESME_RINVDESTFLAG = 0x40
export const ESME_RINVSUBREP = 0x42
export const ESME_RINVESMCLASS = 0x43
export const ESME_RCNTSUBDL = 0x44
export const ESME_RSUBMITFAIL = 0x45
export const ESME_RINVSRCTON = 0x48
export const ESME_RINVSRCNPI = 0x49
export const ESME_RINVDSTTON = 0x50
export const ESME_RINVDSTNPI = 0x51
export const ESME_RINVSYSTYP = 0x53
export const ESME_RINVREPFLAG = 0x54
export const ESME_RINVNUMMSGS = 0x55
export const ESME_RTHROTTLED = 0x58
export const ESME_RINVSCHED = 0x61
export const ESME_RINVEXPIRY = 0x62
export const ESME_RINVDFTMSGID = 0x63
export const ESME_RX_T_APPN = 0x64
export const ESME_RX_P_APPN = 0x65
export const ESME_RX_R_APPN = 0x66
export const ESME_RQUERYFAIL = 0x67
export const ESME_RINVTLVSTREAM = 0xc0
export const ESME_RTLVNOTALLWD = 0xc1
export const ESME_RINVTLVLEN = 0xc2
export const ESME_RMISSINGTLV = 0xc3
export const ESME_RINVTLVVAL = 0xc4
export const ESME_RDELIVERYFAILURE = 0xfe
export const ESME_RUNKNOWNERR = 0xff
// SMPP 5.0 adds:
export const ESME_RSERTYPUNAUTH = 0x100
export const ESME_RPROHIBITED = 0x101
export const ESME_RSERTYPUNAVAIL = 0x102
export const ESME_RSERTYPDENIED = 0x103
export const ESME_RINVDCS = 0x104
export const ESME_RINVSRCADDRSUBUNIT = 0x105
export const ESME_RINVDSTADDRSUBUNIT = 0x106
export const ESME_RINVBCASTFREQINT = 0x107
export const ESME_RINVBCASTALIAS_NAME = 0x108
export const ESME_RINVBCASTAREAFMT = 0x109
export const ESME_RINVNUMBCAST_AREAS = 0x10a
export const ESME_RINVBCASTCNTTYPE = 0x10b
export const ESME_RINVBCASTMSGCLASS = 0x10c
export const ESME_RBCASTFAIL = 0x10d
export const ESME_RBCASTQUERYFAIL = 0x10e
export const ESME_RBCASTCANCELFAIL = 0x10f
export const ESME_RINVBCAST_REP = 0x110
export const ESME_RINVBCASTSRVGRP = 0x111
export const ESME_RINVBCASTCHANIND = 0x112

/**
 * What a `command_status` means for the one who sent the request:
 * - `throttled`: slow the whole connection down, the message goes again;
 * - `temporary`: this message goes again later;
 * - `permanent`: this message never goes again as it is;
 * - `session`: the connection or its credentials are wrong, not the message.
 */
export type StatusClass = 'ok' | 'throttled' | 'temporary' | 'permanent' | 'session'

interface StatusRow {
  readonly name: string
  readonly class: StatusClass
}

const NAMES: Readonly<Record<StatusClass, Readonly<Record<string, number>>>> = {
  ok: { ESME_ROK },
  // A full queue is treated as throttling: both mean that we are too fast for the peer.
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
  // The keys of NAMES are exactly the StatusClass members; Object.keys forgets that.
  (Object.keys(NAMES) as StatusClass[]).flatMap((statusClass) =>
    Object.entries(NAMES[statusClass]).map(([name, commandStatus]): [number, StatusRow] => [
      commandStatus,
      { name, class: statusClass },
    ]),
  ),
)

/** `ESME_RTHROTTLED`; a code without a name (vendors use 0x400-0x4FF) as `0x00000481`. */
export function commandStatusName(commandStatus: number): string {
  return (
    STATUSES.get(commandStatus)?.name ??
    `0x${(commandStatus >>> 0).toString(16).toUpperCase().padStart(8, '0')}`
  )
}

/** Codes nobody defined are permanent: a retry of what cannot work only adds load. */
export function classify(commandStatus: number): StatusClass {
  return STATUSES.get(commandStatus)?.class ?? 'permanent'
}
