// Encodes and decodes the sequence of TLVs after the fields of a body. tlv.ts reads their values.

import { ESME_RINVTLVSTREAM } from './commandStatus.ts'
import { PduError } from './pduError.ts'
import type { Tlv } from './tlv.ts'
import { kindOfValue } from './wrongValue.ts'

export const NO_TLVS: readonly Tlv[] = Object.freeze([])

/**
 * Reads the TLVs up to `end`. Throws PduError if 1 to 3 octets remain, or if the length of a TLV
 * exceeds `end`.
 */
export function readTlvs(octets: Buffer, start: number, end: number): readonly Tlv[] {
  if (start === end) return NO_TLVS
  const tlvs: Tlv[] = []
  const at = readTlvsInto(tlvs, octets, start, end)
  if (at !== end) wrong(`the TLV at octet ${at - start} is truncated`)
  return tlvs
}

/** Reads the complete TLVs up to `end`. Reading ends at the first truncated TLV. */
export function readTlvsLeniently(octets: Buffer, start: number, end: number): readonly Tlv[] {
  if (start === end) return NO_TLVS
  const tlvs: Tlv[] = []
  readTlvsInto(tlvs, octets, start, end)
  return tlvs
}

/** Reads the TLVs up to `end`. Returns undefined if the last TLV is truncated. */
export function wholeTlvs(octets: Buffer, start: number, end: number): readonly Tlv[] | undefined {
  const tlvs: Tlv[] = []
  return readTlvsInto(tlvs, octets, start, end) === end ? tlvs : undefined
}

/** Appends the complete TLVs to `tlvs`. Returns the offset at which the last of them ends. */
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

/**
 * Writes the TLVs at `offset` and returns the offset of their end. Call tlvOctets first: it checks
 * the TLVs and returns the number of octets that `out` must have room for.
 */
export function writeTlvs(tlvs: readonly Tlv[], out: Buffer, offset: number): number {
  let at = offset
  for (const { tag, octets } of tlvs) {
    const { length } = octets
    if (typeof tag !== 'number' || (tag & 0xffff) !== tag || length > 0xffff)
      wrong(`a TLV with tag ${String(tag)} and ${length} octets cannot be encoded`)
    out[at] = tag >>> 8
    out[at + 1] = tag
    out[at + 2] = length >>> 8
    out[at + 3] = length
    out.set(octets, at + 4)
    at += 4 + length
  }
  return at
}

/** The encoded size of the TLVs in octets. Throws PduError if they are not an array of TLVs. */
export function tlvOctets(tlvs: readonly Tlv[]): number {
  if (!Array.isArray(tlvs)) wrong(`an array is needed, not ${kindOfValue(tlvs)}`)
  let octets = 0
  for (const one of tlvs) {
    // Callers in JavaScript can pass any value.
    const value: unknown = one?.octets
    if (!(value instanceof Uint8Array))
      wrong('each TLV needs a tag and octets (a Buffer); tlv() makes them')
    octets += 4 + value.length
  }
  return octets
}

function wrong(reason: string): never {
  throw new PduError(ESME_RINVTLVSTREAM, 'tlvs', reason)
}
