import type { Charset } from './dataCoding.ts'
import { encodeGsm, GSM_ESCAPE } from './gsmAlphabet.ts'

/** The size of TP-UD in octets, including the user data header (TS 23.040 §9.2.3.24). */
const USER_DATA_OCTETS = 140

/**
 * The size of the user data header in octets, including UDHL: `single` for a message of one part,
 * `each` for every part of a longer message.
 */
export interface HeaderOctets {
  readonly single: number
  readonly each: number
}

/**
 * Returns the offset at which each part ends; the last is `octets.length`. Each part is as full as
 * possible, but no part ends after an escape, inside a surrogate pair or inside a UTF-8 sequence.
 * `octets` are as on the wire, except that text for `gsmPacked` is not packed yet: each octet holds
 * one septet. Throws RangeError if the header leaves too little room.
 */
export function partEnds(octets: Buffer, charset: Charset, header: HeaderOctets): number[] {
  const weights = weightsOf(charset)
  const room = roomBehind(header.single, charset)
  if (octets.length <= room && weightOf(octets, weights) <= room) return [octets.length]
  const each = roomBehind(header.each, charset)
  const ends: number[] = []
  for (let start = 0; start < octets.length;) {
    start = weights ? weighedEnd(octets, start, each, weights) : endOf(octets, start, each, charset)
    ends.push(start)
  }
  return ends
}

/**
 * The room for text in a part with a header of `headerOctets`: in septets for alphabets that are
 * sent on air as GSM, otherwise in octets. Throws RangeError if there is too little room.
 */
export function roomBehind(headerOctets: number, charset: Charset): number {
  const octets = USER_DATA_OCTETS - headerOctets
  if (octets < ROOM_MIN)
    throw new RangeError(
      `a user data header of ${headerOctets} octets leaves no room for text; ` +
        `at most ${USER_DATA_OCTETS - ROOM_MIN} can be used`,
    )
  if (isSevenBit(charset)) return Math.floor((octets * 8) / 7)
  return charset === 'ucs2' ? octets & ~1 : octets
}

/** The size of a surrogate pair and of the longest UTF-8 sequence, for which a part needs room. */
const ROOM_MIN = 4

/** Whether text is sent on air in septets. This includes ASCII, which SMSCs convert to GSM. */
export function isSevenBit(charset: Charset): boolean {
  return charset === 'gsm' || charset === 'gsmPacked' || charset === 'ascii'
}

function endOf(octets: Buffer, start: number, room: number, charset: Charset): number {
  const end = start + room
  if (end >= octets.length) return octets.length
  switch (charset) {
    case 'gsm':
    case 'gsmPacked':
      return isBehindEscape(octets, start, end) ? end - 1 : end
    case 'ucs2':
      return isSurrogate(octets, end - 2, 0xd8) && isSurrogate(octets, end, 0xdc) ? end - 2 : end
    case 'utf8':
      return characterStart(octets, end)
    default:
      return end
  }
}

/**
 * Whether the octet at `end` is escaped by the ESC before it. ESC ESC is a pair (TS 23.038
 * §6.2.1.1), so the last ESC of a run is an escape only if the length of the run is odd.
 */
function isBehindEscape(octets: Buffer, start: number, end: number): boolean {
  let first = end
  while (first > start && octets[first - 1] === GSM_ESCAPE) first--
  return (end - first) % 2 === 1
}

function isSurrogate(octets: Buffer, at: number, half: 0xd8 | 0xdc): boolean {
  return (octets[at]! & 0xfc) === half
}

/**
 * The start of the UTF-8 sequence that includes the octet at `end`; at most three octets before
 * `end`.
 */
function characterStart(octets: Buffer, end: number): number {
  for (let at = end; at > end - 4; at--) if ((octets[at]! & 0xc0) !== 0x80) return at
  return end
}

let asciiWeights: Uint8Array | undefined

/** The septets that each ASCII character takes on air; 1 for characters that GSM lacks. */
function weightsOf(charset: Charset): Uint8Array | undefined {
  if (charset !== 'ascii') return undefined
  return (asciiWeights ??= Uint8Array.from(
    { length: 256 },
    (_, code) => encodeGsm(String.fromCharCode(code))?.length ?? 1,
  ))
}

function weightOf(octets: Buffer, weights: Uint8Array | undefined): number {
  if (!weights) return octets.length
  let weight = 0
  for (const octet of octets) weight += weights[octet]!
  return weight
}

function weighedEnd(octets: Buffer, start: number, room: number, weights: Uint8Array): number {
  let left = room
  let end = start
  while (end < octets.length && weights[octets[end]!]! <= left) left -= weights[octets[end++]!]!
  return end
}
