import { ESME_RINVTLVLEN, ESME_RINVTLVVAL } from './commandStatus.ts'
import { orWhat } from './nearestName.ts'
import { PduError } from './pduError.ts'
import { TLVS, type TlvName, type TlvRow, type TlvType, type TlvValue } from './tlvTable.ts'
import { kindOfValue } from './wrongValue.ts'

/** An optional parameter, known or unknown. Its octets are exactly those on the wire. */
export interface Tlv {
  /** 0 to 65535. */
  readonly tag: number
  /** The value: at most 65,535 octets. */
  readonly octets: Buffer
}

const NAMES: ReadonlyMap<number, TlvName> = new Map(
  // The keys of TLVS are exactly the TlvName members, but Object.keys returns string[].
  (Object.keys(TLVS) as TlvName[]).map((name) => [TLVS[name].tag, name]),
)

/**
 * The name of a tag (SMPP 3.4 §5.3, 5.0 §4.8.4); undefined for unknown tags and those of vendors
 * (0x1400-0x3FFF).
 */
export function tlvName(tag: number): TlvName | undefined {
  return NAMES.get(tag)
}

/**
 * The value of the first TLV with that name. Returns undefined if there is no such TLV, or if its
 * size does not match its type, because invalid optional parameters are ignored (SMPP 3.4 §3.3).
 */
export function readTlv<N extends TlvName>(tlvs: readonly Tlv[], name: N): TlvValue<N> | undefined {
  const row = rowOf(name)
  const found = tlvs.find((one) => one.tag === row.tag)
  if (!found) return undefined
  // `row` is the row of N, so the value has the type of N. TypeScript cannot derive that.
  return valueOf(row, found.octets) as TlvValue<N> | undefined
}

/**
 * The values of all TLVs with that name, in wire order. TLVs such as callback_num (SMPP 3.4
 * §5.3.2.36) and the areas of a broadcast (5.0 §4.8.4.4) may be repeated; the n-th TLV belongs to
 * the n-th TLV of a related name. A value whose size does not match its type is undefined.
 */
export function readRepeatedTlv<N extends TlvName>(
  tlvs: readonly Tlv[],
  name: N,
): (TlvValue<N> | undefined)[] {
  const row = rowOf(name)
  const found = tlvs.filter((one) => one.tag === row.tag)
  // As in readTlv, `row` is the row of N.
  return found.map(({ octets }) => valueOf(row, octets) as TlvValue<N> | undefined)
}

function rowOf(name: TlvName): TlvRow {
  // Callers in JavaScript can pass any name.
  const row: TlvRow | undefined = TLVS[name]
  if (row) return row
  const meant = orWhat(String(name), Object.keys(TLVS), 'write an unnamed TLV as { tag, octets }')
  throw new TypeError(`there is no TLV '${name}': ${meant}`)
}

function valueOf({ type }: TlvRow, octets: Buffer): number | string | Buffer | undefined {
  const { length } = octets
  switch (type.kind) {
    case 'integer':
      return length === type.octets ? octets.readUIntBE(0, type.octets) : undefined
    case 'cString': {
      // Many SMSCs omit the NUL. If it is present, exactly one is removed.
      const end = length > 0 && octets[length - 1] === 0 ? length - 1 : length
      return end < type.octetsMax ? octets.toString('latin1', 0, end) : undefined
    }
    case 'octets':
      return length >= type.octetsReadMin && length <= type.octetsMax ? octets : undefined
  }
}

/**
 * Creates a TLV to send (SMPP 3.4 §5.3, 5.0 §4.8.4). Throws PduError if the value has an invalid
 * type, size or character, or is outside a range on which receivers rely (congestion_state: 0-100;
 * the SAR TLVs: from 1). Received values may be outside these ranges.
 */
export function tlv<N extends TlvName>(name: N, value: TlvValue<N>): Tlv {
  const { tag, type } = rowOf(name)
  return { tag, octets: octetsOf(name, type, value) }
}

function octetsOf(name: string, type: TlvType, value: number | string | Buffer): Buffer {
  if (type.kind === 'integer' && typeof value === 'number') return integerOctets(name, type, value)
  if (type.kind === 'cString' && typeof value === 'string') return stringOctets(name, type, value)
  if (type.kind === 'octets' && Buffer.isBuffer(value)) {
    if (value.length < type.octetsMin || value.length > type.octetsMax)
      throw new PduError(ESME_RINVTLVLEN, name, `${sizes(type.octetsMin, type.octetsMax)} octets`)
    return value
  }
  const needed = { integer: 'a number is', cString: 'a string is', octets: 'octets (a Buffer) are' }
  const reason = `${needed[type.kind]} needed, not ${kindOfValue(value)}`
  throw new PduError(ESME_RINVTLVVAL, name, reason)
}

function integerOctets(name: string, type: TlvType & { kind: 'integer' }, value: number): Buffer {
  const { octets: length, min, max } = type
  if (!Number.isInteger(value) || value < min || value > max)
    throw new PduError(ESME_RINVTLVVAL, name, `${value} is not an integer from ${min} to ${max}`)
  const octets = Buffer.alloc(length)
  octets.writeUIntBE(value, 0, length)
  return octets
}

function stringOctets(name: string, type: TlvType & { kind: 'cString' }, value: string): Buffer {
  const { octetsMin, octetsMax } = type
  if (value.length < octetsMin - 1 || value.length >= octetsMax) {
    const reason = `${sizes(octetsMin - 1, octetsMax - 1)} characters`
    throw new PduError(ESME_RINVTLVLEN, name, reason)
  }
  // As in fields, a NUL would end the string, and a character outside Latin-1 has no octet.
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index)
    if (code === 0 || code > 255)
      throw new PduError(ESME_RINVTLVVAL, name, 'contains NUL or a character outside Latin-1')
  }
  return Buffer.from(`${value}\0`, 'latin1')
}

function sizes(min: number, max: number): string {
  return `must have ${min === max ? max : `${min} to ${max}`}`
}
