// Splits a message into short messages: with user data headers (TS 23.040 §9.2.3.24.1), with SAR
// TLVs (SMPP 3.4 §5.3.2.22-24), or as one message_payload (§5.3.2.32).

import { charsetOf, type Alphabet, type Charset } from './dataCoding.ts'
import { chooseEncoding, type EncodeOptions, type HeaderFor } from './encodeText.ts'
import { NO_SHIFTS, type GsmShifts } from './gsmAlphabet.ts'
import { orWhat } from '../wire/nearestName.ts'
import { fillBitsAfter, packSeptets, unpackSeptets } from './packSeptets.ts'
import { partEnds } from './partEnds.ts'
import { tlv, type Tlv } from '../wire/tlv.ts'
import {
  concatenationElement,
  encodeUdh,
  shiftElements,
  type InformationElement,
} from './userDataHeader.ts'
import { DATA_CODING } from '../wire/values/dataCoding.ts'
import { MESSAGE_FEATURE } from '../wire/values/messageFields.ts'

/** How a message is split. */
export interface SegmentOptions {
  /**
   * `udh8` and `udh16`: user data headers with a reference of 8 or 16 bits, which every handset
   * supports. `sar`: TLVs, from which the SMSC creates the headers. `message_payload`: the SMSC
   * splits the text. Default: `udh8`.
   */
  readonly by?: 'udh8' | 'udh16' | 'sar' | 'message_payload'
  /**
   * A number that the parts of one message share: 0-255 for `udh8`, otherwise 0-65535. Use another
   * number for each message from the same sender to the same destination.
   */
  readonly reference: number
  /** Further header elements for every part, such as ports. Not allowed with `sar`. */
  readonly udh?: readonly InformationElement[]
}

/** The fields of one part's PDU. A message that fits into one part is a plain short_message. */
export interface Segment {
  /** Bits to set in the PDU's esm_class: MESSAGE_FEATURE.USER_DATA_HEADER or 0. */
  readonly esm_class: number
  /** The same for all parts. */
  readonly data_coding: number
  /** The user data header, if any, and the text after it; empty with message_payload. */
  readonly short_message: Buffer
  /** SAR TLVs or message_payload, if `by` requires them; otherwise empty. */
  readonly tlvs: readonly Tlv[]
}

/**
 * The parts in order. `unencodable`: none of the allowed alphabets that have a data_coding contains
 * all characters of the text.
 */
export type Segmented =
  | { readonly kind: 'segmented'; readonly segments: readonly Segment[] }
  /** More than 255 parts, or more than the 65,535 octets of a message_payload. */
  | { readonly kind: 'tooLong'; readonly parts: number }
  | { readonly kind: 'unencodable' }

/** The number of parts is one octet (TS 23.040 §9.2.3.24.1). */
const PARTS_MAX = 255
/** The limit of SMPP 3.4 §5.3.2.32. */
const PAYLOAD_OCTETS_MAX = 65_535
/**
 * The sizes, without UDHL, of the concatenation element for which each part has room. From SAR
 * TLVs, an SMSC may create the element with a 16-bit reference, which has 6 octets.
 */
const CONCATENATION_OCTETS = { udh8: 5, udh16: 6, sar: 6, message_payload: 5 } as const

/**
 * Encodes text as EncodeOptions allow, and splits it (TS 23.040 §9.2.3.24.1; SMPP 3.4
 * §5.3.2.22-24, §5.3.2.32). No part ends within an escape pair or a surrogate pair. Throws
 * RangeError if `reference` or `udh` is invalid or `udh` is combined with `sar`, and TypeError if
 * the text is not a string or the alphabet or `by` is unknown.
 */
export function segmentText(text: string, options: SegmentOptions & EncodeOptions): Segmented {
  const headerFor: HeaderFor = (shifts) =>
    options.by === 'sar' && shiftElements(shifts).length > 0
      ? undefined
      : headerOctets(shifts, options)
  const encoding = chooseEncoding(text, options, headerFor)
  return encoding
    ? split({ ...encoding, charset: encoding.alphabet }, options)
    : { kind: 'unencodable' }
}

/**
 * Splits octets that are encoded text or binary data (TS 23.040 §9.2.3.24.1; SMPP 3.4 §5.3.2.22-24,
 * §5.3.2.32). `data_coding` and `defaultAlphabet` determine how much a part holds and where it may
 * end. The default data_coding is 4, which is binary data. `shifts` are the national tables of the
 * encoding. Throws the same errors as segmentText.
 */
export function segmentOctets(
  octets: Buffer,
  options: SegmentOptions & {
    readonly data_coding?: number
    readonly defaultAlphabet?: Alphabet
    readonly shifts?: GsmShifts
  },
): Segmented {
  const { data_coding = DATA_CODING.OCTETS_8_BIT, shifts = NO_SHIFTS } = options
  const charset = charsetOf(data_coding, options.defaultAlphabet)
  const units = charset === 'gsmPacked' ? unpackSeptets(octets) : octets
  const ends = partEnds(units, charset, headerOctets(shifts, options))
  return split({ octets: units, charset, data_coding, shifts, partEnds: ends }, options)
}

interface Split {
  /** For `gsmPacked`, each octet holds one septet. */
  readonly octets: Buffer
  readonly charset: Charset
  readonly data_coding: number
  readonly shifts: GsmShifts
  readonly partEnds: readonly number[]
}

function elementsOf(shifts: GsmShifts, { by, udh = [] }: SegmentOptions): InformationElement[] {
  const elements = [...udh, ...shiftElements(shifts)]
  if (by === 'sar' && elements.length > 0)
    throw new RangeError('SAR TLVs exclude a user data header (SMPP 3.4 §5.3.2.22): use udh16')
  return elements
}

/** Throws TypeError for an unknown value of `by`, which a caller in JavaScript can pass. */
function concatenationOctets(by: keyof typeof CONCATENATION_OCTETS = 'udh8'): number {
  const octets: number | undefined = CONCATENATION_OCTETS[by]
  if (octets !== undefined) return octets
  const ways = Object.keys(CONCATENATION_OCTETS)
  throw new TypeError(`there is no way to split by '${String(by)}': ${orWhat(String(by), ways)}`)
}

function headerOctets(shifts: GsmShifts, options: SegmentOptions) {
  const single = encodeUdh(elementsOf(shifts, options)).length
  return { single, each: Math.max(single, 1) + concatenationOctets(options.by) }
}

function split(message: Split, options: SegmentOptions): Segmented {
  const { partEnds: ends } = message
  const { by = 'udh8', reference } = options
  const referenceMax = by === 'udh8' ? 0xff : 0xffff
  if (!Number.isInteger(reference) || reference < 0 || reference > referenceMax)
    throw new RangeError(`reference ${reference} is not a whole number from 0 to ${referenceMax}`)
  const elements = elementsOf(message.shifts, options)
  if (ends.length === 1) return segmented([plainSegment(message, elements, message.octets)])
  if (by === 'message_payload') return payloadSegment(message, elements)
  const total = ends.length
  if (total > PARTS_MAX) return { kind: 'tooLong', parts: total }
  const segments = ends.map((end, index) => {
    const octets = message.octets.subarray(ends[index - 1] ?? 0, end)
    const sequence = index + 1
    if (by === 'sar')
      return {
        ...plainSegment(message, [], octets),
        tlvs: [
          tlv('sar_msg_ref_num', reference),
          tlv('sar_total_segments', total),
          tlv('sar_segment_seqnum', sequence),
        ],
      }
    const concatenation = concatenationElement({ by, reference, total, sequence })
    return plainSegment(message, [concatenation, ...elements], octets)
  })
  return segmented(segments)
}

function segmented(segments: readonly Segment[]): Segmented {
  return { kind: 'segmented', segments }
}

function plainSegment(
  { charset, data_coding }: Split,
  elements: readonly InformationElement[],
  octets: Buffer,
): Segment {
  const udh = encodeUdh(elements)
  const body =
    charset === 'gsmPacked'
      ? packSeptets(octets, { fillBits: fillBitsAfter(udh.length), padWithCr: true })
      : octets
  return {
    esm_class: udh.length > 0 ? MESSAGE_FEATURE.USER_DATA_HEADER : 0,
    data_coding,
    short_message: udh.length > 0 ? Buffer.concat([udh, body]) : body,
    tlvs: [],
  }
}

function payloadSegment(message: Split, elements: readonly InformationElement[]): Segmented {
  const whole = plainSegment(message, elements, message.octets)
  const payload = whole.short_message
  if (payload.length > PAYLOAD_OCTETS_MAX)
    return { kind: 'tooLong', parts: Math.ceil(payload.length / PAYLOAD_OCTETS_MAX) }
  const tlvs = [tlv('message_payload', payload)]
  return segmented([{ ...whole, short_message: Buffer.alloc(0), tlvs }])
}
