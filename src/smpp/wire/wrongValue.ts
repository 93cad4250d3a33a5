// Errors for values of the wrong type. Callers in JavaScript have no compiler to report them, and a
// number passed as an address would otherwise be encoded as an empty address.

import { ESME_RINVCMDLEN } from './commandStatus.ts'
import { PduError } from './pduError.ts'

/** Describes the type of a value for an error message, such as `a string`, `null`, `an array`. */
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
      ? `${value} is not an integer from 0 to ${2 ** (8 * octets) - 1}`
      : `a number is needed, not ${kindOfValue(value)}`
  throw new PduError(ESME_RINVCMDLEN, field, reason)
}

/**
 * Returns 0 for a missing value, and throws PduError for a value that is not an integer of that
 * many octets. Because this function handles both cases, the caller needs only one branch.
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
    ? 'each entry must be an object with the fields of an entry'
    : `an array is needed, not ${kindOfValue(value)}`
  throw new PduError(commandStatus, field, reason)
}
