import { Packr } from 'msgpackr'

/** The codec of all wire formats. It writes plain arrays and buffers, without shared structures. */
const packr = new Packr({ useRecords: false, variableMapSize: true, moreTypes: false })

export function pack(value: unknown): Buffer {
  return packr.pack(value)
}

/** Throws WireError if the octets are not valid msgpack. */
export function unpack(octets: Uint8Array): unknown {
  try {
    return packr.unpack(octets)
  } catch (error) {
    throw new WireError('the octets are not valid msgpack', { cause: error })
  }
}

/** Returns an unpacked value as a list. Throws WireError if it is not a list. */
export function asRow(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new WireError(`expected a list, got ${typeof value}`)
}

/**
 * Renders an unpacked value for an error message. An object is rendered as the word `object`,
 * because String() would call a `toString` that the object may have unpacked.
 */
export function wireText(value: unknown): string {
  return typeof value === 'object' ? typeof value : String(value)
}

/**
 * Octets from a queue or a peer cannot be decoded, because they are invalid or have another
 * version.
 */
export class WireError extends Error {
  readonly code = 'WIRE'
}
