// Decodes octets to text, for display only: messages are forwarded with their original octets.
// Decoding never throws, whatever a peer sent. Octets without a character become U+FFFD.

import { TextDecoder } from 'node:util'
import { charsetOf, type Alphabet } from './dataCoding.ts'
import { decodeGsm, NO_SHIFTS, type GsmShifts } from './gsmAlphabet.ts'
import { unpackSeptets } from './packSeptets.ts'

/** Information needed for decoding that the octets do not contain. */
export interface DecodeOptions {
  /** The alphabet that data_coding 0 stands for on this connection. Default: `gsm`. */
  readonly defaultAlphabet?: Alphabet
  /** The national tables that the user data header names. */
  readonly shifts?: GsmShifts
  /** The number of bits between the user data header and the first packed septet. */
  readonly fillBits?: number
}

const DECODERS = new Map<string, TextDecoder>()

function decoderFor(charset: string): TextDecoder {
  let decoder = DECODERS.get(charset)
  if (!decoder) DECODERS.set(charset, (decoder = new TextDecoder(charset)))
  return decoder
}

/**
 * Decodes `octets`, without the user data header, by their data_coding (SMPP 3.4 §5.2.19, TS 23.038
 * §4). Binary data, and octets from 0x80 on in a 7-bit alphabet, are decoded as Latin-1. In UCS-2,
 * a single octet at the end and lone surrogates become U+FFFD. Never throws.
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

/**
 * Decodes UTF-16 as big endian (TS 23.038 §6.2.3) unless a byte order mark says little endian. A
 * byte order mark is removed.
 */
function decodeUcs2(octets: Buffer): string {
  const mark = octets.length >= 2 ? octets.readUInt16BE(0) : 0
  const start = mark === 0xfeff || mark === 0xfffe ? 2 : 0
  const end = octets.length - ((octets.length - start) & 1)
  const whole = Buffer.from(octets.subarray(start, end))
  if (mark !== 0xfffe) whole.swap16()
  const text = whole.toString('utf16le').toWellFormed()
  return end === octets.length ? text : `${text}\ufffd`
}
