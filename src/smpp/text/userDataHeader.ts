// The user data header in front of a text (TS 23.040 §9.2.3.24): a length, then elements of an id,
// a length and octets. Reading never throws: what makes no sense is left out.

import { NO_SHIFTS, type GsmShifts } from './gsmAlphabet.ts'

/** One element (TS 23.040 §9.2.3.24). */
export interface InformationElement {
  /** What it means: 0x00 and 0x08 concatenation, 0x05 ports, 0x24 and 0x25 national tables. */
  readonly id: number
  /** Behind its length octet. */
  readonly octets: Buffer
}

/** What parseUdh found. */
export interface UserDataHeader {
  /** In wire order; one that runs over the header's end is left out. */
  readonly elements: readonly InformationElement[]
  /** How long it is, the length octet included: the text starts there. */
  readonly length: number
}

/** Which part of which message this is. */
export interface Concatenation {
  /** Which says so: element 00, element 08, or the SAR TLVs. */
  readonly by: 'udh8' | 'udh16' | 'sar'
  /** 0-255 for `udh8`, else 0-65535. */
  readonly reference: number
  /** 1-255. */
  readonly total: number
  /** From 1 to `total`. */
  readonly sequence: number
}

const CONCATENATION_8 = 0x00
const PORTS_16 = 0x05
const CONCATENATION_16 = 0x08
const SINGLE_SHIFT = 0x24
const LOCKING_SHIFT = 0x25

/**
 * The header at the front of `octets` (TS 23.040 §9.2.3.24); undefined when the length octet is
 * missing or runs over the end: then there is none. Never throws.
 */
export function parseUdh(octets: Buffer): UserDataHeader | undefined {
  const length = (octets[0] ?? octets.length) + 1
  if (length > octets.length) return undefined
  const elements: InformationElement[] = []
  for (let at = 1; at + 2 <= length;) {
    const end = at + 2 + octets[at + 1]!
    if (end > length) break
    elements.push({ id: octets[at]!, octets: octets.subarray(at + 2, end) })
    at = end
  }
  return { elements, length }
}

/**
 * With its length octet (TS 23.040 §9.2.3.24); empty for no elements. Throws RangeError above 255
 * octets of elements.
 */
export function encodeUdh(elements: readonly InformationElement[]): Buffer {
  if (elements.length === 0) return Buffer.alloc(0)
  const length = elements.reduce((sum, { octets }) => sum + 2 + octets.length, 0)
  if (length > 255)
    throw new RangeError(`a user data header of ${length} octets; it holds at most 255`)
  return Buffer.concat([
    Buffer.of(length),
    ...elements.flatMap(({ id, octets }) => [Buffer.of(id, octets.length), octets]),
  ])
}

/**
 * The last valid element 00 or 08 (TS 23.040 §9.2.3.24.1 and .8); one with a total or a sequence of
 * 0, or a sequence above the total, is ignored.
 */
export function concatenationIn(
  elements: readonly InformationElement[],
): Concatenation | undefined {
  return elements.reduce<Concatenation | undefined>(
    (before, element) => concatenationOf(element) ?? before,
    undefined,
  )
}

function concatenationOf({ id, octets }: InformationElement): Concatenation | undefined {
  const by = id === CONCATENATION_8 ? 'udh8' : id === CONCATENATION_16 ? 'udh16' : undefined
  const width = by === 'udh8' ? 1 : 2
  if (!by || octets.length !== width + 2) return undefined
  const total = octets[width]!
  const sequence = octets[width + 1]!
  if (sequence === 0 || sequence > total) return undefined
  return { by, reference: octets.readUIntBE(0, width), total, sequence }
}

/** Element 00 or 08; throws RangeError when a number is out of its range. */
export function concatenationElement({
  by,
  reference,
  total,
  sequence,
}: Concatenation & { readonly by: 'udh8' | 'udh16' }): InformationElement {
  return by === 'udh8'
    ? { id: CONCATENATION_8, octets: octetsOf([reference, total, sequence]) }
    : {
        id: CONCATENATION_16,
        octets: octetsOf([reference >> 8, reference & 0xff, total, sequence]),
      }
}

/** Ports of 16 bits (TS 23.040 §9.2.3.24.4); throws RangeError when one is not. */
export function portElement(destination: number, source: number): InformationElement {
  const ports = [destination >> 8, destination & 0xff, source >> 8, source & 0xff]
  return { id: PORTS_16, octets: octetsOf(ports) }
}

function octetsOf(numbers: readonly number[]): Buffer {
  const wrong = numbers.find((number) => !Number.isInteger(number) || number < 0 || number > 255)
  if (wrong !== undefined) throw new RangeError(`${wrong} does not fit into its octet`)
  return Buffer.from(numbers)
}

/** The national tables that elements 24 and 25 name (TS 23.040 §9.2.3.24.15 and .16). */
export function shiftsIn(elements: readonly InformationElement[]): GsmShifts {
  let { locking, single } = NO_SHIFTS
  for (const { id, octets } of elements) {
    if (octets.length !== 1) continue
    if (id === SINGLE_SHIFT) single = octets[0]!
    if (id === LOCKING_SHIFT) locking = octets[0]!
  }
  return { locking, single }
}

/** None for the default tables. */
export function shiftElements({ locking, single }: GsmShifts): InformationElement[] {
  const element = (id: number, language: number) =>
    language === 0 ? [] : [{ id, octets: octetsOf([language]) }]
  return [...element(SINGLE_SHIFT, single), ...element(LOCKING_SHIFT, locking)]
}
