import { orWhat } from '../wire/nearestName.ts'
import { DATA_CODING } from '../wire/values/dataCoding.ts'

/**
 * Alphabets that text can be written in. `gsm` has one septet an octet and is what nearly all peers
 * speak, `gsmPacked` eight in seven octets: a setting of a whole connection (`defaultAlphabet`),
 * since no data_coding tells it from `gsm` (SMPP 3.4 §5.2.19). `ucs2` is UTF-16 big endian,
 * surrogate pairs and all.
 */
export type Alphabet = 'gsm' | 'gsmPacked' | 'ascii' | 'latin1' | 'ucs2' | 'utf8'

const ALPHABETS: readonly Alphabet[] = ['gsm', 'gsmPacked', 'ascii', 'latin1', 'ucs2', 'utf8']

/** Throws TypeError: from JavaScript it may be any name. */
export function checkAlphabet(alphabet: Alphabet): void {
  if (ALPHABETS.includes(alphabet)) return
  const name = String(alphabet)
  throw new TypeError(`there is no alphabet '${name}': ${orWhat(name, ALPHABETS)}`)
}

/** Alphabets that text can be read from. */
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
 * The data_coding (SMPP 3.4 §5.2.19) that says `alphabet` to a peer whose default alphabet, which
 * data_coding 0 stands for, is `defaultAlphabet`. Undefined when nothing says it: GSM and UTF-8
 * have no data_coding but 0.
 */
export function dataCodingOf(alphabet: Alphabet, defaultAlphabet: Alphabet): number | undefined {
  return alphabet === defaultAlphabet ? DATA_CODING.MC_DEFAULT : DATA_CODINGS.get(alphabet)
}

/**
 * What the octets under a data_coding are: SMPP 3.4 §5.2.19 and the groups of TS 23.038 §4, which
 * name the GSM alphabet; it is packed where `defaultAlphabet` says that the peer packs. Reserved
 * ones are octets.
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
