// Text in short_message. GSM 03.38 is unpacked, one septet an octet, as nearly all SMPP peers have
// it. Nothing here throws on what a peer sent: what has no character becomes U+FFFD.

// Code = index (3GPP TS 23.038 §6.2.1); 0x1B is the escape to the extension table.
const ALPHABET =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?' +
  '¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà'

const EXTENSION: readonly (readonly [number, string])[] = [
  [0x0a, '\f'],
  [0x14, '^'],
  [0x28, '{'],
  [0x29, '}'],
  [0x2f, '\\'],
  [0x3c, '['],
  [0x3d, '~'],
  [0x3e, ']'],
  [0x40, '|'],
  [0x65, '€'],
]

const ESCAPE = 0x1b
const GSM_OCTETS: ReadonlyMap<string, readonly number[]> = new Map<string, readonly number[]>([
  ...Array.from(ALPHABET)
    .map((character, code): [string, readonly number[]] => [character, [code]])
    .filter(([, [code]]) => code !== ESCAPE),
  ...EXTENSION.map(([code, character]): [string, readonly number[]] => [character, [ESCAPE, code]]),
])
const EXTENSION_CHARACTERS: ReadonlyMap<number, string> = new Map(EXTENSION)

export const DATA_CODING_DEFAULT = 0x00
export const DATA_CODING_UCS2 = 0x08

export interface EncodedText {
  readonly data_coding: number
  readonly octets: Buffer
}

/** GSM 03.38 (data_coding 0) when each character has a code there, else UTF-16 big endian (8). */
export function encodeText(text: string): EncodedText {
  const gsm = encodeGsm(text)
  if (gsm) return { data_coding: DATA_CODING_DEFAULT, octets: gsm }
  return { data_coding: DATA_CODING_UCS2, octets: Buffer.from(text, 'utf16le').swap16() }
}

/** Undefined when a character is not in the alphabet. */
export function encodeGsm(text: string): Buffer | undefined {
  const octets: number[] = []
  for (const character of text) {
    const codes = GSM_OCTETS.get(character)
    if (!codes) return undefined
    octets.push(...codes)
  }
  return Buffer.from(octets)
}

/** An octet from 0x80 is no GSM code: the peer means Latin-1, so it is read as that. */
export function decodeGsm(octets: Buffer): string {
  let text = ''
  for (let at = 0; at < octets.length; at++) {
    const octet = octets.readUInt8(at)
    if (octet === ESCAPE) {
      const next = octets[++at]
      if (next !== undefined) text += extensionCharacter(next)
    } else text += octet < 0x80 ? ALPHABET.charAt(octet) : String.fromCharCode(octet)
  }
  return text
}

// TS 23.038 §6.2.1.1: an unknown extension shows the plain character, ESC ESC a space.
function extensionCharacter(octet: number): string {
  if (octet === ESCAPE) return ' '
  return (
    EXTENSION_CHARACTERS.get(octet) ??
    (octet < 0x80 ? ALPHABET.charAt(octet) : String.fromCharCode(octet))
  )
}

type Charset =
  | 'gsm'
  | 'latin1'
  | 'utf-16be'
  | 'iso-8859-5'
  | 'iso-8859-8'
  | 'iso-2022-jp'
  | 'euc-kr'

const CHARSETS: ReadonlyMap<number, Charset> = new Map([
  [0x00, 'gsm'],
  [0x06, 'iso-8859-5'],
  [0x07, 'iso-8859-8'],
  [0x08, 'utf-16be'],
  [0x0a, 'iso-2022-jp'],
  [0x0e, 'euc-kr'],
])

/** SMPP 3.4 §5.2.19 and the groups of TS 23.038 §4. Binary and reserved ones: octet = character. */
function charsetOf(dataCoding: number): Charset {
  const known = CHARSETS.get(dataCoding)
  if (known) return known
  const group = dataCoding & 0xf0
  if (group === 0x10)
    return (['gsm', 'latin1', 'utf-16be'] as const)[(dataCoding >> 2) & 3] ?? 'gsm'
  if (group === 0xc0 || group === 0xd0) return 'gsm'
  if (group === 0xe0) return 'utf-16be'
  if (group === 0xf0) return (dataCoding & 4) === 0 ? 'gsm' : 'latin1'
  return 'latin1'
}

/** What a reader would see. Never throws: odd lengths and lone surrogates become U+FFFD. */
export function decodeText(dataCoding: number, octets: Buffer): string {
  const charset = charsetOf(dataCoding)
  if (charset === 'gsm') return decodeGsm(octets)
  if (charset === 'latin1') return octets.toString('latin1')
  return new TextDecoder(charset).decode(octets)
}
