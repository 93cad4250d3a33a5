// Decodes octets to text for display only. The octets themselves are passed on unchanged, and
// nothing that a peer sent makes this throw. What has no character is U+FFFD.

import { TextDecoder } from 'node:util'
import { charsetOf, type Alphabet } from './dataCoding.ts'
import { decodeGsm, NO_SHIFTS, type GsmShifts } from './gsmAlphabet.ts'
import { unpackSeptets } from './packSeptets.ts'

/** What the octets alone do not say. */
export interface DecodeOptions {
  /** What data_coding 0 means on this connection; `gsm` by default. */
  readonly defaultAlphabet?: Alphabet
  /** The national tables that the user data header names. */
  readonly shifts?: GsmShifts
  /** The bits between the user data header and the first packed septet. */
  readonly fillBits?: number
}

const DECODERS = new Map<string, TextDecoder>()

function decoderFor(charset: string): TextDecoder {
  let decoder = DECODERS.get(charset)
  if (!decoder) DECODERS.set(charset, (decoder = new TextDecoder(charset)))
  return decoder
}

/**
 * What a reader would see of `octets` (the user data header is not among them) under a data_coding
 * (SMPP 3.4 §5.2.19, TS 23.038 §4). Binary data, and octets from 0x80 on in a 7-bit alphabet, are
 * shown as Latin-1. In UCS-2, a single last octet and lone surrogates become U+FFFD. Never throws.
 */
export function decodeText(
  dataCoding: number,
  octets: Buffer,
  { defaultAlphabet = 'gsm', shifts = NO_SHIFTS, fillBits = 0 }: DecodeOptions = {},
): string {
  const charset = charsetOf(dataCoding, defaultAlphabet)
  switch (charset) {
    case 'gsm':
      return decodeGsm(octets, shifts)
    case 'gsmPacked':
      return decodeGsm(unpackSeptets(octets, { fillBits }), shifts)
    case 'ascii':
    case 'latin1':
    case 'octets':
      return octets.toString('latin1')
    case 'ucs2':
      return decodeUcs2(octets)
    case 'utf8':
      return octets.toString('utf8')
    default:
      return decoderFor(charset).decode(octets)
  }
}

/** Big endian (TS 23.038 §6.2.3) unless a byte order mark says otherwise; the mark is left out. */
function decodeUcs2(octets: Buffer): string {
  const mark = octets.length >= 2 ? octets.readUInt16BE(0) : 0
  const start = mark === 0xfeff || mark === 0xfffe ? 2 : 0
  const end = octets.length - ((octets.length - start) & 1)
  const whole = Buffer.from(octets.subarray(start, end))
  if (mark !== 0xfffe) whole.swap16()
  const text = whole.toString('utf16le').toWellFormed()
  return end === octets.length ? text : `${text}\ufffd`
}
