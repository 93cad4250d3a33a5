import { decodeText } from './decodeText.ts'
import type { Alphabet } from './dataCoding.ts'
import { NO_SHIFTS, type GsmShifts } from './gsmAlphabet.ts'
import { fillBitsAfter } from './packSeptets.ts'
import { readTlv, type Tlv } from '../wire/tlv.ts'
import {
  concatenationIn,
  parseUdh,
  shiftsIn,
  type Concatenation,
  type InformationElement,
} from './userDataHeader.ts'
import { MESSAGE_FEATURE } from '../wire/values/messageFields.ts'

/** The fields of a submit_sm, deliver_sm or data_sm that hold or describe its user data. */
export interface MessageBody {
  /** Bit 6 says that a user data header comes first (SMPP 3.4 §5.2.12). */
  readonly esm_class: number
  /** The encoding of the octets (SMPP 3.4 §5.2.19). */
  readonly data_coding: number
  /** A data_sm does not have this field. */
  readonly short_message?: Buffer
  /** The TLVs. Of these, message_payload and the SAR TLVs are read. */
  readonly tlvs: readonly Tlv[]
}

/** The user data of a message, with its header parsed. */
export interface UserData {
  /** The data_coding of the PDU. */
  readonly data_coding: number
  /** Header elements; empty without a header. */
  readonly elements: readonly InformationElement[]
  /** The octets after the header: a view of the PDU's octets, not a copy. */
  readonly octets: Buffer
  /** The national tables that the header names. */
  readonly shifts: GsmShifts
  /** The number of fill bits before the first packed septet. */
  readonly fillBits: number
  /**
   * Read from the header or, if the header has no concatenation element, from SAR TLVs; undefined
   * for a message of one part.
   */
  readonly concatenation: Concatenation | undefined
}

/**
 * Reads short_message, or message_payload if short_message is empty (SMPP 3.4 §5.3.2.32). Bit 6 of
 * esm_class announces a user data header. If the header claims more octets than there are, all
 * octets are read as text without a header. Never throws.
 */
export function readUserData(body: MessageBody): UserData {
  const { data_coding } = body
  const whole = carriedOctets(body)
  const isBehindHeader = (body.esm_class & MESSAGE_FEATURE.USER_DATA_HEADER) !== 0
  const header = isBehindHeader ? parseUdh(whole) : undefined
  if (!header) {
    const concatenation = sarOf(body.tlvs)
    return { data_coding, elements: [], octets: whole, ...WITHOUT_HEADER, concatenation }
  }
  const { elements, length } = header
  return {
    data_coding,
    elements,
    octets: whole.subarray(length),
    shifts: shiftsIn(elements),
    fillBits: fillBitsAfter(length),
    concatenation: concatenationIn(elements) ?? sarOf(body.tlvs),
  }
}

const WITHOUT_HEADER = { shifts: NO_SHIFTS, fillBits: 0 }
const NOTHING = Buffer.alloc(0)

function carriedOctets({ short_message = NOTHING, tlvs }: MessageBody): Buffer {
  return short_message.length > 0
    ? short_message
    : (readTlv(tlvs, 'message_payload') ?? short_message)
}

/** The content of the SAR TLVs (SMPP 3.4 §5.3.2.22-24); undefined unless all three are valid. */
function sarOf(tlvs: readonly Tlv[]): Concatenation | undefined {
  if (tlvs.length < 3) return undefined
  const reference = readTlv(tlvs, 'sar_msg_ref_num')
  const total = readTlv(tlvs, 'sar_total_segments')
  const sequence = readTlv(tlvs, 'sar_segment_seqnum')
  if (reference === undefined || total === undefined || sequence === undefined) return undefined
  return sequence === 0 || sequence > total ? undefined : { by: 'sar', reference, total, sequence }
}

/** The properties of a part that joinText needs. */
export type TextPart = Pick<UserData, 'data_coding' | 'octets' | 'shifts' | 'fillBits'>

/**
 * Decodes parts by their data_coding (SMPP 3.4 §5.2.19) and joins the texts in the given order. A
 * surrogate pair, or an escape and its code, is restored if a peer split it between two parts.
 * Never throws.
 */
export function joinText(
  parts: readonly TextPart[],
  { defaultAlphabet = 'gsm' }: { readonly defaultAlphabet?: Alphabet } = {},
): string {
  const [first] = parts
  if (!first) return ''
  const alike = parts.every((part) => isAlike(part, first)) && defaultAlphabet !== 'gsmPacked'
  const runs = alike ? [{ ...first, octets: joinOctets(parts) }] : parts
  return runs
    .map(({ data_coding, octets, shifts, fillBits }) =>
      decodeText(data_coding, octets, { defaultAlphabet, shifts, fillBits }),
    )
    .join('')
}

function isAlike({ data_coding, shifts }: TextPart, other: TextPart): boolean {
  return (
    data_coding === other.data_coding &&
    shifts.locking === other.shifts.locking &&
    shifts.single === other.shifts.single
  )
}

/** Joins the octets of parts in the given order. The octets of a single part are not copied. */
export function joinOctets(parts: readonly { readonly octets: Buffer }[]): Buffer {
  const [first] = parts
  return first && parts.length === 1
    ? first.octets
    : Buffer.concat(parts.map(({ octets }) => octets))
}

/** The text of a message or of a single part (SMPP 3.4 §5.2.19, §5.3.2.32). Never throws. */
export function messageText(
  body: MessageBody,
  options: { readonly defaultAlphabet?: Alphabet } = {},
): string {
  return joinText([readUserData(body)], options)
}
