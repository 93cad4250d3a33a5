// Encodes and decodes the 7-bit alphabets of 3GPP TS 23.038 §6.2.1 with one septet in each octet,
// as nearly all SMPP peers do. packSeptets.ts packs the septets. Decoding never fails: a code
// without a character becomes U+FFFD in the text.

import { NATIONAL_TABLES } from './nationalTable.ts'

/**
 * National Language Identifiers (TS 23.038 §6.2.1.2.4). 0 and unknown identifiers stand for the
 * default tables.
 */
export interface GsmShifts {
  /** The language whose locking-shift table replaces the default alphabet. */
  readonly locking: number
  /** The language whose single-shift table applies after an escape. */
  readonly single: number
}

/** No national tables: the default alphabet with its extension table. */
export const NO_SHIFTS: GsmShifts = { locking: 0, single: 0 }

export const GSM_ESCAPE = 0x1b
const NO_CHARACTER = 0xfffd
/** Greater than every character in the tables; the greatest is U+221E. */
const CODE_POINTS = 0x2220

interface CodeTable {
  /** The UTF-16 unit for each code from 0 to 127; NO_CHARACTER for a code without a character. */
  readonly units: Uint16Array
  /** The code plus 1 for each UTF-16 unit; 0 for a character that the table lacks. */
  readonly codes: Uint8Array
}

function parseTable(lines: string): CodeTable {
  const units = new Uint16Array(128).fill(NO_CHARACTER)
  const codes = new Uint8Array(CODE_POINTS)
  for (const line of lines.trim().split('\n')) {
    const [row = '', ...cells] = line.trim().split(/ +/)
    for (const [column, cell] of cells.entries()) {
      if (cell === '----') continue
      const code = Number.parseInt(row, 16) * 16 + column
      const unit = Number.parseInt(cell, 16)
      units[code] = unit
      // A few single-shift tables have `*` and `¡` twice. These characters are encoded as the lower
      // code.
      if (codes[unit] === 0) codes[unit] = code + 1
    }
  }
  return { units, codes }
}

const [DEFAULT_TABLE] = NATIONAL_TABLES
const LOCKING: (CodeTable | undefined)[] = []
const SINGLE: (CodeTable | undefined)[] = []

/** Tables are parsed on first use, because most processes only use the default language. */
function lockingTable(language: number): CodeTable {
  const known = NATIONAL_TABLES[language]?.locking === undefined ? 0 : language
  return (LOCKING[known] ??= parseTable(
    NATIONAL_TABLES[known]?.locking ?? DEFAULT_TABLE?.locking ?? '',
  ))
}

function singleTable(language: number): CodeTable {
  const known = NATIONAL_TABLES[language] === undefined ? 0 : language
  return (SINGLE[known] ??= parseTable(NATIONAL_TABLES[known]?.single ?? ''))
}

/**
 * The number of septets that `text` takes, including escapes (TS 23.038 §6.2.1, §6.2.1.1). Returns
 * undefined if a character has no code.
 */
export function gsmSeptets(text: string, shifts: GsmShifts = NO_SHIFTS): number | undefined {
  const plain = lockingTable(shifts.locking).codes
  const escaped = singleTable(shifts.single).codes
  let septets = 0
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit >= CODE_POINTS) return undefined
    if (plain[unit] !== 0) septets += 1
    else if (escaped[unit] !== 0) septets += 2
    else return undefined
  }
  return septets
}

/**
 * Encodes text with one septet in each octet (TS 23.038 §6.2.1 and §6.2.1.1; for shifts, §6.2.1.2).
 * Returns undefined if a character is in neither table.
 */
export function encodeGsm(text: string, shifts: GsmShifts = NO_SHIFTS): Buffer | undefined {
  const septets = gsmSeptets(text, shifts)
  if (septets === undefined) return undefined
  const plain = lockingTable(shifts.locking).codes
  const escaped = singleTable(shifts.single).codes
  const octets = Buffer.allocUnsafe(septets)
  let end = 0
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    const code = plain[unit]!
    if (code === 0) {
      octets[end++] = GSM_ESCAPE
      octets[end++] = escaped[unit]! - 1
    } else octets[end++] = code - 1
  }
  return octets
}

/**
 * Decodes text with one septet in each octet (TS 23.038 §6.2.1). Octets from 0x80 on are not GSM
 * codes. They are decoded as Latin-1, because peers that send them mean Latin-1. An escape at the
 * end is ignored. Never throws.
 */
export function decodeGsm(octets: Buffer, shifts: GsmShifts = NO_SHIFTS): string {
  const { units } = lockingTable(shifts.locking)
  const text = Buffer.allocUnsafe(octets.length * 2)
  let end = 0
  for (let at = 0; at < octets.length; at++) {
    const octet = octets[at]!
    let unit = octet < 0x80 ? units[octet]! : octet
    if (octet === GSM_ESCAPE) {
      if (++at === octets.length) break
      unit = escapedUnit(octets[at]!, units, singleTable(shifts.single).units)
    }
    text[end++] = unit & 0xff
    text[end++] = unit >> 8
  }
  return text.toString('utf16le', 0, end)
}

// TS 23.038 §6.2.1.1: if an escaped code is unknown, the escape is ignored. ESC ESC is a space.
function escapedUnit(octet: number, plain: Uint16Array, single: Uint16Array): number {
  if (octet >= 0x80) return octet
  if (octet === GSM_ESCAPE) return 0x20
  const unit = single[octet]!
  return unit === NO_CHARACTER ? plain[octet]! : unit
}
