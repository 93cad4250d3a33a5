import { Packr } from 'msgpackr'

/** One codec for all that crosses a process: plain arrays and buffers, no shared structures. */
const packr = new Packr({ useRecords: false, variableMapSize: true, moreTypes: false })

export function pack(value: unknown): Buffer {
  return packr.pack(value)
}

export function unpack(octets: Uint8Array): unknown {
  return packr.unpack(octets)
}

/** A queue or a peer held something this version cannot read. */
export class ContractError extends Error {
  readonly code = 'CONTRACT'
}
