// Text to octets: in the cheapest of the alphabets that a connection allows.

import { checkAlphabet, dataCodingOf, type Alphabet } from './dataCoding.ts'
import { encodeGsm, NO_SHIFTS, type GsmShifts } from './gsmAlphabet.ts'
import { text as checkText } from '../wire/optionCheck.ts'
import { packSeptets } from './packSeptets.ts'
import { isSevenBit, partEnds } from './partEnds.ts'

/** Which encodings a connection allows, and which of them is best. */
export interface EncodeOptions {
  /** What data_coding 0 means on this connection; `gsm` by default. */
  readonly defaultAlphabet?: Alphabet
  /**
   * Those allowed, the preferred first; by default `defaultAlphabet` and `ucs2`. No data_coding
   * names `gsm`, `gsmPacked` or `utf8` (SMPP 3.4 §5.2.19): each counts only as `defaultAlphabet`,
   * and is passed over otherwise.
   */
  readonly alphabets?: readonly Alphabet[]
  /**
   * National languages (TS 23.038 §6.2.1.2.4) whose shift tables may be used; none by default.
   * Their tables are named in a user data header, which segmentText writes.
   */
  readonly languages?: readonly number[]
  /** Fewest parts, then fewest octets on air; or the first of `alphabets` that has the text. */
  readonly choice?: 'cheapest' | 'first'
}

/** Text as a PDU carries it: `{ ...addresses, ...encodeText(text) }` is a submit_sm. */
export interface EncodedText {
  /** For the PDU's field of that name: 0 for the connection's default alphabet. */
  readonly data_coding: number
  /** For the field of that name up to 254 octets, else for the TLV message_payload. */
  readonly short_message: Buffer
  /** What they are written in. */
  readonly alphabet: Alphabet
}

/** A way to write a text, not packed yet. */
export interface Encoding {
  readonly alphabet: Alphabet
  readonly data_coding: number
  readonly shifts: GsmShifts
  /** One septet an octet for `gsmPacked`. */
  readonly octets: Buffer
  readonly partEnds: readonly number[]
}

/** Octets of the user data header that a message has, by how many its shift elements take. */
export type HeaderFor = (
  shifts: GsmShifts,
) => { readonly single: number; readonly each: number } | undefined

/**
 * Text for a short_message or message_payload without user data header, so without national
 * tables (SMPP 3.4 §5.2.19, TS 23.038 §6.2). Without options: GSM 03.38 (data_coding 0) when it has
 * every character, else UTF-16 big endian (8). Undefined when none of `alphabets` that can be named
 * has the text; `ucs2` has any. Throws TypeError if the text is not a string or an
 * alphabet is unknown.
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
 * The encoding that `options.choice` asks for, among every allowed alphabet and pair of national
 * tables; undefined when none has the text. `headerFor` answers undefined where a pair of tables
 * cannot be named.
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
    // Sixteen bits a character never are fewer parts or octets than seven or fourteen.
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

/** One septet an octet for `gsmPacked`; undefined when the alphabet lacks a character. */
function encodeAs(text: string, alphabet: Alphabet, shifts: GsmShifts): Buffer | undefined {
  switch (alphabet) {
    case 'gsm':
    case 'gsmPacked':
      return encodeGsm(text, shifts)
    case 'ascii':
      // oxlint-disable-next-line no-control-regex -- ASCII has its control characters
      return /^[\0-\x7f]*$/.test(text) ? Buffer.from(text, 'latin1') : undefined
    case 'latin1':
      // oxlint-disable-next-line no-control-regex -- so has Latin-1
      return /^[\0-\xff]*$/.test(text) ? Buffer.from(text, 'latin1') : undefined
    case 'ucs2':
      return Buffer.from(text, 'utf16le').swap16()
    case 'utf8':
      return text.isWellFormed() ? Buffer.from(text, 'utf8') : undefined
  }
}
