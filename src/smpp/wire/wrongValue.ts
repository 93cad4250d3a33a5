// What a caller is told whose value is not of its field's type: JavaScript has no compiler that
// would, and on the wire a number in place of an address would be an empty one.

import { ESME_RINVCMDLEN } from './commandStatus.ts'
import { PduError } from './pduError.ts'

/** `a string`, `null`, `an array`: what it is, for a log. */
export function kindOfValue(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'an array'
  if (value instanceof Uint8Array) return Buffer.isBuffer(value) ? 'a Buffer' : 'a Uint8Array'
  const kind = typeof value
  return `${kind === 'object' ? 'an' : 'a'} ${kind}`
}

export function wrongInteger(field: string, value: unknown, octets: number): never {
  const reason =
    typeof value === 'number'
      ? `${value} is no whole number of 0-${2 ** (8 * octets) - 1}`
      : `a number is needed, not ${kindOfValue(value)}`
  throw new PduError(ESME_RINVCMDLEN, field, reason)
}

/** One branch for what is left out, which is 0, and for what is no number of that size. */
export function zeroOrWrong(field: string, value: unknown, octets: number): 0 {
  return value === undefined ? 0 : wrongInteger(field, value, octets)
}

export function wrongString(commandStatus: number, field: string, value: unknown): never {
  throw new PduError(commandStatus, field, `a string is needed, not ${kindOfValue(value)}`)
}

export function wrongOctets(commandStatus: number, field: string, value: unknown): never {
  const hint = typeof value === 'string' ? ': see encodeText' : ''
  const reason = `octets (a Buffer) are needed, not ${kindOfValue(value)}${hint}`
  throw new PduError(commandStatus, field, reason)
}

export function wrongList(commandStatus: number, field: string, value: unknown): never {
  const reason = Array.isArray(value)
    ? 'each entry is an object with the fields of one'
    : `an array is needed, not ${kindOfValue(value)}`
  throw new PduError(commandStatus, field, reason)
}
