/**
 * Alphabets that text can be written in. `gsm` has one septet an octet and is what nearly all peers
 * speak, `gsmPacked` eight in seven octets. `ucs2` is UTF-16 big endian, surrogate pairs and all.
 */
export type Alphabet = 'gsm' | 'gsmPacked' | 'ascii' | 'latin1' | 'ucs2' | 'utf8'

/** Alphabets that text can be read from. */
export type Charset = Alphabet | 'iso-8859-5' | 'iso-8859-8' | 'iso-2022-jp' | 'euc-kr' | 'octets'

export const DATA_CODING_DEFAULT = 0x00
export const DATA_CODING_ASCII = 0x01
export const DATA_CODING_LATIN1 = 0x03
export const DATA_CODING_OCTETS = 0x04
export const DATA_CODING_UCS2 = 0x08

const DATA_CODINGS: ReadonlyMap<Alphabet, number> = new Map([
  ['ascii', DATA_CODING_ASCII],
  ['latin1', DATA_CODING_LATIN1],
  ['ucs2', DATA_CODING_UCS2],
])

const CHARSETS: ReadonlyMap<number, Charset> = new Map([
  [DATA_CODING_ASCII, 'ascii'],
  [0x02, 'octets'],
  [DATA_CODING_LATIN1, 'latin1'],
  [DATA_CODING_OCTETS, 'octets'],
  [0x06, 'iso-8859-5'],
  [0x07, 'iso-8859-8'],
  [DATA_CODING_UCS2, 'ucs2'],
  [0x0a, 'iso-2022-jp'],
  [0x0e, 'euc-kr'],
])

/**
 * The data_coding (SMPP 3.4 §5.2.19) that says `alphabet` to a peer whose default alphabet, which
 * data_coding 0 stands for, is `defaultAlphabet`. Undefined when nothing says it: GSM and UTF-8
 * have no data_coding but 0.
 */
export function dataCodingOf(alphabet: Alphabet, defaultAlphabet: Alphabet): number | undefined {
  return alphabet === defaultAlphabet ? DATA_CODING_DEFAULT : DATA_CODINGS.get(alphabet)
}

/**
 * What the octets under a data_coding are: SMPP 3.4 §5.2.19 and the groups of TS 23.038 §4, which
 * name the GSM alphabet; it is packed where `defaultAlphabet` says that the peer packs. Reserved
 * ones are octets.
 */
export function charsetOf(dataCoding: number, defaultAlphabet: Alphabet = 'gsm'): Charset {
  if (dataCoding === DATA_CODING_DEFAULT) return defaultAlphabet
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
