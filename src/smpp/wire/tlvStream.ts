// The TLVs behind the fields of a body, to and from octets. How a value is read is in tlv.ts.

import { ESME_RINVTLVSTREAM } from './commandStatus.ts'
import { PduError } from './pduError.ts'
import type { Tlv } from './tlv.ts'
import { kindOfValue } from './wrongValue.ts'

export const NO_TLVS: readonly Tlv[] = Object.freeze([])

/**
 * Reads the TLVs up to `end`. Throws PduError if 1-3 octets are left over, or if the length of a
 * TLV goes beyond `end`.
 */
export function readTlvs(octets: Buffer, start: number, end: number): readonly Tlv[] {
  if (start === end) return NO_TLVS
  const tlvs: Tlv[] = []
  const at = readTlvsInto(tlvs, octets, start, end)
  if (at !== end) wrong(`the TLV at octet ${at - start} is cut off`)
  return tlvs
}

/** The complete TLVs. Reading ends at the first one that is cut off. */
export function readTlvsLeniently(octets: Buffer, start: number, end: number): readonly Tlv[] {
  if (start === end) return NO_TLVS
  const tlvs: Tlv[] = []
  readTlvsInto(tlvs, octets, start, end)
  return tlvs
}

/** Undefined when not all of the octets are TLVs. */
export function wholeTlvs(octets: Buffer, start: number, end: number): readonly Tlv[] | undefined {
  const tlvs: Tlv[] = []
  return readTlvsInto(tlvs, octets, start, end) === end ? tlvs : undefined
}

/** Returns where the last whole one ends. */
function readTlvsInto(tlvs: Tlv[], octets: Buffer, start: number, end: number): number {
  let at = start
  while (at + 4 <= end) {
    const to = at + 4 + octets.readUInt16BE(at + 2)
    if (to > end) break
    tlvs.push({ tag: octets.readUInt16BE(at), octets: octets.subarray(at + 4, to) })
    at = to
  }
  return at
}

/** Call tlvOctets first: it returns the room needed and checks what writeTlvs relies on. */
export function writeTlvs(tlvs: readonly Tlv[], out: Buffer, offset: number): number {
  let at = offset
  for (const { tag, octets } of tlvs) {
    const { length } = octets
    if (typeof tag !== 'number' || (tag & 0xffff) !== tag || length > 0xffff)
      wrong(`tag ${String(tag)} with ${length} octets has no encoding`)
    out[at] = tag >>> 8
    out[at + 1] = tag
    out[at + 2] = length >>> 8
    out[at + 3] = length
    out.set(octets, at + 4)
    at += 4 + length
  }
  return at
}

/** The number of octets that the TLVs take. Throws PduError if they are not an array of TLVs. */
export function tlvOctets(tlvs: readonly Tlv[]): number {
  if (!Array.isArray(tlvs)) wrong(`an array is needed, not ${kindOfValue(tlvs)}`)
  let octets = 0
  for (const one of tlvs) {
    // Callers in JavaScript may have put anything there.
    const value: unknown = one?.octets
    if (!(value instanceof Uint8Array))
      wrong('each needs a tag and octets (a Buffer), as tlv() makes them')
    octets += 4 + value.length
  }
  return octets
}

function wrong(reason: string): never {
  throw new PduError(ESME_RINVTLVSTREAM, 'tlvs', reason)
}
