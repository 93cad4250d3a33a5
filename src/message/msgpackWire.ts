import { Packr } from 'msgpackr'

/** One codec for all that crosses a process: plain arrays and buffers, no shared structures. */
const packr = new Packr({ useRecords: false, variableMapSize: true, moreTypes: false })

export function pack(value: unknown): Buffer {
  return packr.pack(value)
}

/** Throws ContractError on octets that are no msgpack. */
export function unpack(octets: Uint8Array): unknown {
  try {
    return packr.unpack(octets)
  } catch (error) {
    throw new ContractError('not msgpack', { cause: error })
  }
}

/** For rows within what was unpacked; throws ContractError on what is none. */
export function asRow(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new ContractError(`not a list where there should be one: ${typeof value}`)
}

/** A queue or a peer held something this version cannot read. */
export class ContractError extends Error {
  readonly code = 'CONTRACT'
}
