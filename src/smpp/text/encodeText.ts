// Encodes text in the cheapest of the alphabets that a connection allows.

import { checkAlphabet, dataCodingOf, type Alphabet } from './dataCoding.ts'
import { encodeGsm, NO_SHIFTS, type GsmShifts } from './gsmAlphabet.ts'
import { text as checkText } from '../wire/optionCheck.ts'
import { packSeptets } from './packSeptets.ts'
import { isSevenBit, partEnds } from './partEnds.ts'

/** The encodings that a connection allows, and how to choose among them. */
export interface EncodeOptions {
  /** The alphabet that data_coding 0 stands for on this connection. Default: `gsm`. */
  readonly defaultAlphabet?: Alphabet
  /**
   * The allowed alphabets, in order of preference. Default: `defaultAlphabet` and `ucs2`. No
   * data_coding stands for `gsm`, `gsmPacked` or `utf8` (SMPP 3.4 §5.2.19), so each of these is
   * ignored unless it is the `defaultAlphabet`.
   */
  readonly alphabets?: readonly Alphabet[]
  /**
   * The identifiers of national languages (TS 23.038 §6.2.1.2.4) whose shift tables may be used.
   * Default: none. segmentText names the tables in a user data header.
   */
  readonly languages?: readonly number[]
  /**
   * `cheapest`, the default, chooses the encoding with the fewest parts. If several encodings need
   * the same number of parts, the one with the fewest octets on air is chosen. `first` chooses the
   * first of `alphabets` that has every character.
   */
  readonly choice?: 'cheapest' | 'first'
}

/** Text encoded for a PDU: `{ ...addresses, ...encodeText(text) }` is the body of a submit_sm. */
export interface EncodedText {
  /** The value of the field data_coding; 0 for the connection's default alphabet. */
  readonly data_coding: number
  /** The value of short_message for up to 254 octets; otherwise use the TLV message_payload. */
  readonly short_message: Buffer
  /** The alphabet in which the text is encoded. */
  readonly alphabet: Alphabet
}

/** One possible encoding of a text. Septets are not packed yet. */
export interface Encoding {
  readonly alphabet: Alphabet
  readonly data_coding: number
  readonly shifts: GsmShifts
  /** For `gsmPacked`, each octet holds one septet. */
  readonly octets: Buffer
  readonly partEnds: readonly number[]
}

/**
 * Returns the size in octets of the user data header for a pair of national tables: `single` in a
 * message of one part, `each` in every part of a longer message. Returns undefined if the header
 * cannot name these tables.
 */
export type HeaderFor = (
  shifts: GsmShifts,
) => { readonly single: number; readonly each: number } | undefined

/**
 * Encodes text for a short_message or message_payload without a user data header, and therefore
 * without national tables (SMPP 3.4 §5.2.19, TS 23.038 §6.2). Without options, the encoding is GSM
 * 03.38 (data_coding 0) if it has every character, otherwise UTF-16 big endian (data_coding 8).
 * Returns undefined if no usable alphabet in `alphabets` has every character; `ucs2` has all
 * characters. Throws TypeError if the text is not a string or an alphabet is unknown.
 */
export function encodeText(text: string): EncodedText
export function encodeText(text: string, options: EncodeOptions): EncodedText | undefined
export function encodeText(text: string, options: EncodeOptions = {}): EncodedText | undefined {
  const found = chooseEncoding(text, { ...options, languages: [] }, plainHeader)
  if (!found) return undefined
  const { data_coding, alphabet, octets } = found
  const isPacked = alphabet === 'gsmPacked'
  return {
    data_coding,
    short_message: isPacked ? packSeptets(octets, { padWithCr: true }) : octets,
    alphabet,
  }
}

const UDH8_OCTETS = 6
const plainHeader: HeaderFor = () => ({ single: 0, each: UDH8_OCTETS })

/**
 * Chooses an encoding by `options.choice` among all combinations of the allowed alphabets and
 * national tables. Returns undefined if no combination has every character. Combinations for which
 * `headerFor` returns undefined are not used.
 */
export function chooseEncoding(
  text: string,
  options: EncodeOptions,
  headerFor: HeaderFor,
): Encoding | undefined {
  const { defaultAlphabet = 'gsm', choice = 'cheapest', languages = [] } = options
  checkText(text, 'text')
  checkAlphabet(defaultAlphabet)
  options.alphabets?.forEach(checkAlphabet)
  let best: { encoding: Encoding; parts: number; octets: number } | undefined
  for (const alphabet of options.alphabets ?? [defaultAlphabet, 'ucs2']) {
    const data_coding = dataCodingOf(alphabet, defaultAlphabet)
    if (data_coding === undefined) continue
    // UCS-2 needs 16 bits per character, so it is never cheaper than GSM with 7 or 14 bits.
    if (alphabet === 'ucs2' && best && isPlainGsm(best.encoding)) continue
    for (const shifts of shiftsFor(alphabet, languages)) {
      const header = headerFor(shifts)
      const octets = header && encodeAs(text, alphabet, shifts)
      if (!header || !octets) continue
      const ends = partEnds(octets, alphabet, header)
      const encoding = { alphabet, data_coding, shifts, octets, partEnds: ends }
      const cost = { parts: ends.length, octets: octetsOnAir(encoding, header) }
      if (!best || isCheaper(cost, best)) best = { encoding, ...cost }
    }
    if (best && choice === 'first') break
  }
  return best?.encoding
}

function isPlainGsm({ alphabet, shifts }: Encoding): boolean {
  return (alphabet === 'gsm' || alphabet === 'gsmPacked') && shifts === NO_SHIFTS
}

interface Cost {
  readonly parts: number
  readonly octets: number
}

function isCheaper(one: Cost, other: Cost): boolean {
  return one.parts < other.parts || (one.parts === other.parts && one.octets < other.octets)
}

const DEFAULT_ONLY = [NO_SHIFTS]

function shiftsFor(alphabet: Alphabet, languages: readonly number[]): readonly GsmShifts[] {
  if (languages.length === 0 || (alphabet !== 'gsm' && alphabet !== 'gsmPacked'))
    return DEFAULT_ONLY
  const all = [0, ...languages]
  return all.flatMap((locking) => all.map((single) => ({ locking, single })))
}

function octetsOnAir(
  { alphabet, octets, partEnds: { length } }: Encoding,
  header: { readonly single: number; readonly each: number },
): number {
  const body = isSevenBit(alphabet) ? Math.ceil((octets.length * 7) / 8) : octets.length
  return body + (length === 1 ? header.single : header.each * length)
}

/**
 * Encodes text in one alphabet. For `gsmPacked`, each octet of the result holds one septet. Returns
 * undefined if the alphabet lacks a character.
 */
function encodeAs(text: string, alphabet: Alphabet, shifts: GsmShifts): Buffer | undefined {
  switch (alphabet) {
    case 'gsm':
    case 'gsmPacked':
      return encodeGsm(text, shifts)
    case 'ascii':
      // oxlint-disable-next-line no-control-regex -- ASCII includes control characters
      return /^[\0-\x7f]*$/.test(text) ? Buffer.from(text, 'latin1') : undefined
    case 'latin1':
      // oxlint-disable-next-line no-control-regex -- Latin-1 includes control characters
      return /^[\0-\xff]*$/.test(text) ? Buffer.from(text, 'latin1') : undefined
    case 'ucs2':
      return Buffer.from(text, 'utf16le').swap16()
    case 'utf8':
      return text.isWellFormed() ? Buffer.from(text, 'utf8') : undefined
  }
}
