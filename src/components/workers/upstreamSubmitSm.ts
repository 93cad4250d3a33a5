// Converts a submit_sm to a form that the SMSC accepts in its SMPP version. Nearly every message is
// sent unchanged. The conversion then costs only a check of the length and, for version 3.3, a
// check of the TLVs.

import {
  encodeUdh,
  ESME_RINVMSGLEN,
  INTERFACE_VERSION,
  MESSAGE_FEATURE,
  PduError,
  readTlv,
  readUserData,
  tlv,
  TLVS,
} from '../../smpp/index.ts'
import type { InterfaceVersion, ShortMessageBody, UserData } from '../../smpp/index.ts'
import { concatenationElement } from '../../smpp/text/userDataHeader.ts'

/** The limit of short_message in SMPP 3.4 §4.4.1. Version 5.0 allows one octet more. */
const OCTETS_MAX = 254
/** The octets of a segment's header: its length, and an element's id, length and content. */
const HEADER_OCTETS = { udh8: 6, udh16: 7 } as const
const UDH8_REFERENCE_MAX = 0xff
const NO_OCTETS = Buffer.alloc(0)

/**
 * If the version requires it, moves the text between short_message and message_payload, and turns
 * SAR TLVs into a user data header. For versions before 3.4 all other TLVs are dropped (SMPP 3.4
 * §3.4). Throws PduError with the reason if no form of the message fits.
 */
export function upstreamSubmitSm(
  submitSm: ShortMessageBody,
  version: InterfaceVersion,
): ShortMessageBody {
  const { short_message, tlvs } = submitSm
  const hasTlvs = version >= INTERFACE_VERSION.V3_4
  const isShort = short_message.length <= OCTETS_MAX || version >= INTERFACE_VERSION.V5_0
  if (isShort && (hasTlvs || tlvs.length === 0)) return submitSm
  const isPayloadFilled = (readTlv(tlvs, 'message_payload')?.length ?? 0) > 0
  if (isPayloadFilled && short_message.length > 0)
    throw new PduError(ESME_RINVMSGLEN, 'message_payload', 'short_message also holds a text')
  return hasTlvs ? withPayload(submitSm) : withoutTlvs(submitSm)
}

function withPayload(submitSm: ShortMessageBody): ShortMessageBody {
  const others = submitSm.tlvs.filter(({ tag }) => tag !== TLVS.message_payload.tag)
  const tlvs = [...others, tlv('message_payload', submitSm.short_message)]
  return { ...submitSm, short_message: NO_OCTETS, tlvs }
}

function withoutTlvs(submitSm: ShortMessageBody): ShortMessageBody {
  const { short_message, tlvs } = submitSm
  const whole =
    short_message.length > 0 ? short_message : (readTlv(tlvs, 'message_payload') ?? NO_OCTETS)
  const userData = readUserData(submitSm)
  if (userData.concatenation?.by === 'sar') return withHeader(submitSm, whole.length, userData)
  checkLength(whole.length)
  return { ...submitSm, short_message: whole, tlvs: [] }
}

/** Moves the number and position of a segment from SAR TLVs to a user data header. */
function withHeader(
  submitSm: ShortMessageBody,
  length: number,
  { concatenation, elements, octets }: UserData,
): ShortMessageBody {
  const { reference = 0, sequence = 0, total = 0 } = concatenation ?? {}
  // The shorter header is used if the reference fits, because a segment may have little room left.
  const by = reference <= UDH8_REFERENCE_MAX ? 'udh8' : 'udh16'
  checkLength(length + HEADER_OCTETS[by] - (elements.length > 0 ? 1 : 0))
  const header = [concatenationElement({ by, reference, total, sequence }), ...elements]
  return {
    ...submitSm,
    esm_class: submitSm.esm_class | MESSAGE_FEATURE.USER_DATA_HEADER,
    short_message: Buffer.concat([encodeUdh(header), octets]),
    tlvs: [],
  }
}

function checkLength(octets: number): void {
  if (octets <= OCTETS_MAX) return
  const reason = `${octets} octets, but the SMSC speaks SMPP 3.3, which allows only ${OCTETS_MAX}`
  throw new PduError(ESME_RINVMSGLEN, 'short_message', reason)
}
