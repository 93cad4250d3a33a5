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

/** The part of a submit_sm, deliver_sm or data_sm that says what it carries. */
export interface MessageBody {
  /** Bit 6 says that a user data header comes first (SMPP 3.4 §5.2.12). */
  readonly esm_class: number
  /** What the octets are (SMPP 3.4 §5.2.19). */
  readonly data_coding: number
  /** A data_sm has none. */
  readonly short_message?: Buffer
  /** message_payload, and SAR TLVs. */
  readonly tlvs: readonly Tlv[]
}

/** What a message carries, its user data header taken apart. */
export interface UserData {
  /** Of the PDU. */
  readonly data_coding: number
  /** Of the header; none where there is none. */
  readonly elements: readonly InformationElement[]
  /** Behind the header: the PDU's own octets, not a copy. */
  readonly octets: Buffer
  /** National tables that the header names. */
  readonly shifts: GsmShifts
  /** Of packed septets: bits before the first. */
  readonly fillBits: number
  /** From the header, else from SAR TLVs; undefined for a message of one part. */
  readonly concatenation: Concatenation | undefined
}

/**
 * What is in short_message, or in message_payload when that is empty (SMPP 3.4 §5.3.2.32), behind
 * the user data header that bit 6 of esm_class tells of. A header that runs over the end is none.
 * Never throws.
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

/** SMPP 3.4 §5.3.2.22-24: all three, or none. */
function sarOf(tlvs: readonly Tlv[]): Concatenation | undefined {
  if (tlvs.length < 3) return undefined
  const reference = readTlv(tlvs, 'sar_msg_ref_num')
  const total = readTlv(tlvs, 'sar_total_segments')
  const sequence = readTlv(tlvs, 'sar_segment_seqnum')
  if (reference === undefined || total === undefined || sequence === undefined) return undefined
  return sequence === 0 || sequence > total ? undefined : { by: 'sar', reference, total, sequence }
}

/** What joinText needs of each part. */
export type TextPart = Pick<UserData, 'data_coding' | 'octets' | 'shifts' | 'fillBits'>

/**
 * The text of parts, in their order, each as its data_coding says (SMPP 3.4 §5.2.19). Pairs that a
 * peer cut between two parts come together again. Never throws.
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

/** The octets of parts, in their order; a single part's own are not copied. */
export function joinOctets(parts: readonly { readonly octets: Buffer }[]): Buffer {
  const [first] = parts
  return first && parts.length === 1
    ? first.octets
    : Buffer.concat(parts.map(({ octets }) => octets))
}

/** The text of one message, or of one part (SMPP 3.4 §5.2.19, §5.3.2.32). Never throws. */
export function messageText(
  body: MessageBody,
  options: { readonly defaultAlphabet?: Alphabet } = {},
): string {
  return joinText([readUserData(body)], options)
}
