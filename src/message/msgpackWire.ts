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
 * because String() would call the object's `toString`, which may come from the unpacked octets.
 */
export function wireText(value: unknown): string {
  return typeof value === 'object' ? typeof value : String(value)
}

/**
 * Checks the tag and the version, which are the first two fields of every format, before any other
 * field is read. Throws NewerVersion if the tag matches but the version is newer than the expected
 * one, and WireError for any other mismatch.
 */
export function expectFormat(
  [foundTag, foundVersion]: readonly unknown[],
  { name, tag, version }: WireFormat,
): void {
  const found = `${wireText(foundTag)} ${wireText(foundVersion)}`
  if (foundTag !== tag) throw new WireError(`expected ${name}, got ${found}`)
  if (foundVersion === version) return
  if (typeof foundVersion === 'number' && foundVersion > version)
    throw new NewerVersion(`${name} of version ${foundVersion}; this process reads ${version}`)
  throw new WireError(`expected ${name} of version ${version}, got ${found}`)
}

export interface WireFormat {
  /** A noun for error messages. */
  readonly name: string
  readonly tag: string
  readonly version: number
}

/** Octets from a queue or a peer cannot be decoded, because they are invalid. */
export class WireError extends Error {
  readonly code = 'WIRE'
}

/**
 * A newer release wrote the octets. They are not damaged: a process of that release, or this
 * process after its update, can read them. So they are retried later and never treated as invalid.
 */
export class NewerVersion extends Error {
  readonly code = 'NEWER_VERSION'
}
