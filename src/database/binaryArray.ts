// Encodes array parameters in PostgreSQL's binary form (array_recv in PostgreSQL's arrayfuncs.c).
// The driver would encode them as text, with octets in hexadecimal, which costs time in the client
// and in the server.

import assert from 'node:assert'
import { UUID_OCTETS, writeUuid } from '../flow/uuidOctets.ts'

export const ARRAY_TYPES = ['uuid', 'text', 'bytea', 'int', 'bigint', 'float8'] as const
export type ArrayType = (typeof ARRAY_TYPES)[number]

/** A value does not fit its type. The server would have rejected it with SQLSTATE 22P02. */
export class UnfitParameter extends Error {
  readonly code = 'UNFIT_PARAMETER'
}

type Element = string | number | Uint8Array

interface ElementType {
  /** The type's oid in the catalogue pg_type. */
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

/**
 * Encodes an array of one dimension whose first index is 1. null and undefined become NULL. Throws
 * UnfitParameter if a value does not fit the type.
 */
export function encodeArray(type: ArrayType, values: readonly unknown[]): Buffer {
  try {
    // The functions in ELEMENTS check the type of each value.
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
  octets.writeInt32BE(1, 4) // the array may contain NULLs
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
  into.writeBigInt64BE(BigInt(value as string | number), at) // checked by the assertion
}

// The check is needed because writeInt32BE writes 0 for NaN and truncates fractions.
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
