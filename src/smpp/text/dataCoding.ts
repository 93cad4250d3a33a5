import { orWhat } from '../wire/nearestName.ts'
import { DATA_CODING } from '../wire/values/dataCoding.ts'

/**
 * The alphabets in which text can be encoded. `gsm` has one septet in each octet; nearly all peers
 * use it. `gsmPacked` has eight septets in seven octets. No data_coding distinguishes the two (SMPP
 * 3.4 §5.2.19), so set `defaultAlphabet` to `gsmPacked` for a connection that uses it. `ucs2` is
 * UTF-16 big endian and includes surrogate pairs.
 */
export type Alphabet = 'gsm' | 'gsmPacked' | 'ascii' | 'latin1' | 'ucs2' | 'utf8'

const ALPHABETS: readonly Alphabet[] = ['gsm', 'gsmPacked', 'ascii', 'latin1', 'ucs2', 'utf8']

/** Throws TypeError for an unknown alphabet, which a caller in JavaScript can pass. */
export function checkAlphabet(alphabet: Alphabet): void {
  if (ALPHABETS.includes(alphabet)) return
  const name = String(alphabet)
  throw new TypeError(`there is no alphabet '${name}': ${orWhat(name, ALPHABETS)}`)
}

/** The character sets from which text can be decoded. */
export type Charset = Alphabet | 'iso-8859-5' | 'iso-8859-8' | 'iso-2022-jp' | 'euc-kr' | 'octets'

const DATA_CODINGS: ReadonlyMap<Alphabet, number> = new Map([
  ['ascii', DATA_CODING.IA5],
  ['latin1', DATA_CODING.LATIN_1],
  ['ucs2', DATA_CODING.UCS2],
])

const CHARSETS: ReadonlyMap<number, Charset> = new Map<number, Charset>([
  [DATA_CODING.IA5, 'ascii'],
  [DATA_CODING.OCTETS, 'octets'],
  [DATA_CODING.LATIN_1, 'latin1'],
  [DATA_CODING.OCTETS_8_BIT, 'octets'],
  [DATA_CODING.CYRILLIC, 'iso-8859-5'],
  [DATA_CODING.HEBREW, 'iso-8859-8'],
  [DATA_CODING.UCS2, 'ucs2'],
  [DATA_CODING.ISO_2022_JP, 'iso-2022-jp'],
  [DATA_CODING.KS_C_5601, 'euc-kr'],
])

/**
 * The data_coding (SMPP 3.4 §5.2.19) for `alphabet` on a connection on which data_coding 0 means
 * `defaultAlphabet`. Returns undefined if there is no such data_coding: GSM and UTF-8 can only be
 * used as the default alphabet.
 */
export function dataCodingOf(alphabet: Alphabet, defaultAlphabet: Alphabet): number | undefined {
  return alphabet === defaultAlphabet ? DATA_CODING.MC_DEFAULT : DATA_CODINGS.get(alphabet)
}

/**
 * The character set for a data_coding, by SMPP 3.4 §5.2.19 and the coding groups of TS 23.038 §4.
 * For a group that uses the GSM alphabet, the result is `gsmPacked` if `defaultAlphabet` is
 * `gsmPacked`. Reserved values give `octets`.
 */
export function charsetOf(dataCoding: number, defaultAlphabet: Alphabet = 'gsm'): Charset {
  if (dataCoding === DATA_CODING.MC_DEFAULT) return defaultAlphabet
  const known = CHARSETS.get(dataCoding)
  if (known) return known
  const gsm = defaultAlphabet === 'gsmPacked' ? 'gsmPacked' : 'gsm'
  switch (dataCoding & 0xf0) {
    case 0x10:
      return ([gsm, 'octets', 'ucs2'] as const)[(dataCoding >> 2) & 3] ?? gsm
    case 0xc0:
    case 0xd0:
      return gsm
    case 0xe0:
      return 'ucs2'
    case 0xf0:
      return (dataCoding & 4) === 0 ? gsm : 'octets'
    default:
      return 'octets'
  }
}
