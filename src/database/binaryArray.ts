// Array parameters in PostgreSQL's binary form (array_recv in its arrayfuncs.c). The driver would
// write them as text, with octets in hexadecimal, at a cost to both ends.

import assert from 'node:assert'
import { UUID_OCTETS, writeUuid } from '../flow/uuidOctets.ts'

export const ARRAY_TYPES = ['uuid', 'text', 'bytea', 'int', 'bigint', 'float8'] as const
export type ArrayType = (typeof ARRAY_TYPES)[number]

/** A value that its type cannot hold. The server would have answered SQLSTATE 22P02. */
export class UnfitParameter extends Error {
  readonly code = 'UNFIT_PARAMETER'
}

type Element = string | number | Uint8Array

interface ElementType {
  /** pg_type.oid */
  readonly oid: number
  readonly octetsOf: (value: Element) => number
  readonly write: (into: Buffer, value: Element, at: number) => void
}

const ELEMENTS: Readonly<Record<ArrayType, ElementType>> = {
  uuid: { oid: 2950, octetsOf: () => UUID_OCTETS, write: writeUuidOf },
  text: {
    oid: 25,
    octetsOf: (value) => Buffer.byteLength(textOf(value)),
    write: (into, value, at) => into.write(textOf(value), at),
  },
  bytea: {
    oid: 17,
    octetsOf: (value) => octetsOf(value).length,
    write: (into, value, at) => into.set(octetsOf(value), at),
  },
  int: {
    oid: 23,
    octetsOf: () => 4,
    write: (into, value, at) => into.writeInt32BE(integerOf(value), at),
  },
  bigint: { oid: 20, octetsOf: () => 8, write: writeBigint },
  float8: {
    oid: 701,
    octetsOf: () => 8,
    write: (into, value, at) => into.writeDoubleBE(numberOf(value), at),
  },
}

const HEADER_OCTETS = 20
const NULL_LENGTH = -1

/** One dimension from 1 on; null and undefined are NULL. Throws UnfitParameter. */
export function encodeArray(type: ArrayType, values: readonly unknown[]): Buffer {
  try {
    // Each type looks at what it gets; anything else is unfit.
    return encode(ELEMENTS[type], values as readonly (Element | null | undefined)[])
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new UnfitParameter(`a value does not fit ${type}[]: ${reason}`, { cause })
  }
}

function encode(
  { octetsOf: sizeOf, oid, write }: ElementType,
  values: readonly (Element | null | undefined)[],
): Buffer {
  let total = HEADER_OCTETS + 4 * values.length
  for (const value of values) if (!isNull(value)) total += sizeOf(value)
  const octets = Buffer.allocUnsafe(total)
  octets.writeInt32BE(1, 0)
  octets.writeInt32BE(1, 4) // there may be NULLs
  octets.writeInt32BE(oid, 8)
  octets.writeInt32BE(values.length, 12)
  octets.writeInt32BE(1, 16)
  let at = HEADER_OCTETS
  for (const value of values) {
    const length = isNull(value) ? NULL_LENGTH : sizeOf(value)
    at = octets.writeInt32BE(length, at)
    if (isNull(value)) continue
    write(octets, value, at)
    at += length
  }
  return octets
}

function isNull(value: Element | null | undefined): value is null | undefined {
  return value === null || value === undefined
}

function writeUuidOf(into: Buffer, value: Element, at: number): void {
  const isUuid = typeof value === 'string' && writeUuid(into, value, at)
  if (!isUuid) throw new TypeError(`not a uuid: ${JSON.stringify(value)}`)
}

function writeBigint(into: Buffer, value: Element, at: number): void {
  const isDigits = typeof value === 'string' && /^-?\d+$/.test(value)
  assert(isDigits || Number.isSafeInteger(value), 'not a bigint')
  into.writeBigInt64BE(BigInt(value as string | number), at) // just checked
}

// writeInt32BE would write 0 for a value that is not a number.
function integerOf(value: Element): number {
  const number = numberOf(value)
  assert(Number.isInteger(number), 'not an integer')
  return number
}

function numberOf(value: Element): number {
  assert(typeof value === 'number' && !Number.isNaN(value), 'not a number')
  return value
}

function textOf(value: Element): string {
  assert(typeof value === 'string', 'not text')
  return value
}

function octetsOf(value: Element): Uint8Array {
  assert(value instanceof Uint8Array, 'not octets')
  return value
}
