// Errors for values of the wrong type. Callers in JavaScript have no compiler to report them, and a
// number passed as an address would otherwise be encoded as an empty address.

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

/**
 * Handles both a missing value, which is encoded as 0, and a value that is not a number of that
 * size, so that the caller needs only one branch.
 */
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
