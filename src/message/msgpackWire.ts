import { Packr } from 'msgpackr'

/** One codec for all wire formats: plain arrays and buffers, no shared structures. */
const packr = new Packr({ useRecords: false, variableMapSize: true, moreTypes: false })

export function pack(value: unknown): Buffer {
  return packr.pack(value)
}

/** Throws WireError if the octets are not valid msgpack. */
export function unpack(octets: Uint8Array): unknown {
  try {
    return packr.unpack(octets)
  } catch (error) {
    throw new WireError('not msgpack', { cause: error })
  }
}

/** A row of an unpacked value. Throws WireError if it is not a list. */
export function asRow(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new WireError(`expected a list, got ${typeof value}`)
}

/** An unpacked value for a message; a map may hold a key such as `toString`. */
export function wireText(value: unknown): string {
  return typeof value === 'object' ? typeof value : String(value)
}

/** This version cannot read what a queue or a peer holds. */
export class WireError extends Error {
  readonly code = 'WIRE'
}
