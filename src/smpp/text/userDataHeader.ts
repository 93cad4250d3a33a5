// Reads and writes the user data header before a text (TS 23.040 §9.2.3.24). A header is a length
// and a list of elements; each element has an id, a length and octets. Reading never throws and
// ignores invalid elements.

import { NO_SHIFTS, type GsmShifts } from './gsmAlphabet.ts'

/** An element of a user data header (TS 23.040 §9.2.3.24). */
export interface InformationElement {
  /** The kind: 0x00 and 0x08 concatenation, 0x05 ports, 0x24 and 0x25 national tables. */
  readonly id: number
  /** The value of the element, without its id and length. */
  readonly octets: Buffer
}

/** A header read by parseUdh. */
export interface UserDataHeader {
  /** The elements in wire order. An element that extends beyond the header is omitted. */
  readonly elements: readonly InformationElement[]
  /** The size of the header in octets, including UDHL. The text starts at this offset. */
  readonly length: number
}

/** Identifies a part of a long message. */
export interface Concatenation {
  /** The source of this information: element 00, element 08, or the SAR TLVs. */
  readonly by: 'udh8' | 'udh16' | 'sar'
  /** The number that all parts of a message share: 0-255 for `udh8`, otherwise 0-65535. */
  readonly reference: number
  /** The number of parts: 1-255. */
  readonly total: number
  /** The number of this part: from 1 to `total`. */
  readonly sequence: number
}

const CONCATENATION_8 = 0x00
const PORTS_16 = 0x05
const CONCATENATION_16 = 0x08
const SINGLE_SHIFT = 0x24
const LOCKING_SHIFT = 0x25

/**
 * Reads the header at the start of `octets` (TS 23.040 §9.2.3.24). Returns undefined if the length
 * octet is missing or claims more octets than there are. Never throws.
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
 * Encodes a header, including its length octet (TS 23.040 §9.2.3.24). Without elements, the result
 * is empty. Throws RangeError if the elements take more than 255 octets.
 */
export function encodeUdh(elements: readonly InformationElement[]): Buffer {
  if (elements.length === 0) return Buffer.alloc(0)
  const length = elements.reduce((sum, { octets }) => sum + 2 + octets.length, 0)
  if (length > 255)
    throw new RangeError(`a user data header can have at most 255 octets, not ${length}`)
  return Buffer.concat([
    Buffer.of(length),
    ...elements.flatMap(({ id, octets }) => [Buffer.of(id, octets.length), octets]),
  ])
}

/**
 * The content of the last valid element 00 or 08 (TS 23.040 §9.2.3.24.1 and .8). An element is
 * invalid if its total or sequence is 0, or if its sequence exceeds its total.
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

/** Creates element 00 or 08. Throws RangeError if a number is out of range. */
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

/**
 * Creates an element with two ports (TS 23.040 §9.2.3.24.4). Throws RangeError if a port does not
 * fit into 16 bits.
 */
export function portElement(destination: number, source: number): InformationElement {
  const ports = [destination >> 8, destination & 0xff, source >> 8, source & 0xff]
  return { id: PORTS_16, octets: octetsOf(ports) }
}

function octetsOf(numbers: readonly number[]): Buffer {
  const wrong = numbers.find((number) => !Number.isInteger(number) || number < 0 || number > 255)
  if (wrong !== undefined) throw new RangeError(`${wrong} does not fit into one octet`)
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

/** The elements 24 and 25 that name national tables. The default tables need no element. */
export function shiftElements({ locking, single }: GsmShifts): InformationElement[] {
  const element = (id: number, language: number) =>
    language === 0 ? [] : [{ id, octets: octetsOf([language]) }]
  return [...element(SINGLE_SHIFT, single), ...element(LOCKING_SHIFT, locking)]
}
