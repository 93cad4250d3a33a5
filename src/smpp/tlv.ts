import { ESME_RINVTLVLEN, ESME_RINVTLVVAL } from './commandStatus.ts'
import { orWhat } from './nearestName.ts'
import { PduError } from './pduError.ts'
import { TLVS, type TlvName, type TlvRow, type TlvValue } from './tlvTable.ts'

/** Optional parameter, its octets exactly as they were on the wire; unknown tags are kept too. */
export interface Tlv {
  /** 0 to 65535. */
  readonly tag: number
  /** Its value, at most 65,535 octets. */
  readonly octets: Buffer
}

const NAMES: ReadonlyMap<number, TlvName> = new Map(
  // The keys of TLVS are exactly the TlvName members; Object.keys forgets that.
  (Object.keys(TLVS) as TlvName[]).map((name) => [TLVS[name].tag, name]),
)

/** The name of a tag; undefined for vendors' own (0x1400-0x3FFF) and unknown ones. */
export function tlvName(tag: number): TlvName | undefined {
  return NAMES.get(tag)
}

/**
 * The value of the first TLV of that name. Undefined when there is none, or when its size is not
 * that of its type: an optional parameter that makes no sense is ignored (SMPP 3.4 §3.3).
 */
export function readTlv<N extends TlvName>(tlvs: readonly Tlv[], name: N): TlvValue<N> | undefined {
  const row = rowOf(name)
  const found = tlvs.find((one) => one.tag === row.tag)
  if (!found) return undefined
  // `row` is the row of N, so the value has N's type; TypeScript does not follow the table.
  return valueOf(row, found.octets) as TlvValue<N> | undefined
}

/**
 * The values of all TLVs of that name, in the order of the wire (callback_num, the areas of a
 * broadcast): the n-th of one belongs to the n-th of its companion. Undefined stands where one has
 * a size that is not that of its type.
 */
export function readRepeatedTlv<N extends TlvName>(
  tlvs: readonly Tlv[],
  name: N,
): (TlvValue<N> | undefined)[] {
  const row = rowOf(name)
  const found = tlvs.filter((one) => one.tag === row.tag)
  // As in readTlv: `row` is the row of N.
  return found.map(({ octets }) => valueOf(row, octets) as TlvValue<N> | undefined)
}

function rowOf(name: TlvName): TlvRow {
  // From JavaScript it may be any name.
  const row: TlvRow | undefined = TLVS[name]
  if (row) return row
  const meant = orWhat(String(name), Object.keys(TLVS), 'one without a name is { tag, octets }')
  throw new TypeError(`there is no TLV '${name}': ${meant}`)
}

function valueOf({ type }: TlvRow, octets: Buffer): number | string | Buffer | undefined {
  const { length } = octets
  switch (type.kind) {
    case 'integer':
      return length === type.octets ? octets.readUIntBE(0, type.octets) : undefined
    case 'cString': {
      // Many SMSCs leave the NUL out; strip exactly one when it is there.
      const end = length > 0 && octets[length - 1] === 0 ? length - 1 : length
      return end < type.octetsMax ? octets.toString('latin1', 0, end) : undefined
    }
    case 'octets':
      return length >= type.octetsMin && length <= type.octetsMax ? octets : undefined
  }
}

/** A TLV to send. Throws PduError when the value does not fit its type. */
export function tlv<N extends TlvName>(name: N, value: TlvValue<N>): Tlv {
  const { tag, type } = rowOf(name)
  return { tag, octets: octetsOf(name, type, value) }
}

function octetsOf(name: string, type: TlvRow['type'], value: number | string | Buffer): Buffer {
  if (type.kind === 'integer' && typeof value === 'number') {
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * type.octets))
      throw new PduError(ESME_RINVTLVVAL, name, `${value} is not ${type.octets} unsigned octets`)
    const octets = Buffer.alloc(type.octets)
    octets.writeUIntBE(value, 0, type.octets)
    return octets
  }
  if (type.kind === 'cString' && typeof value === 'string') {
    if (value.length >= type.octetsMax)
      throw new PduError(ESME_RINVTLVLEN, name, `at most ${type.octetsMax - 1} characters`)
    return Buffer.from(`${value}\0`, 'latin1')
  }
  if (type.kind === 'octets' && Buffer.isBuffer(value)) {
    if (value.length < type.octetsMin || value.length > type.octetsMax)
      throw new PduError(ESME_RINVTLVLEN, name, `${type.octetsMin}-${type.octetsMax} octets`)
    return value
  }
  throw new PduError(ESME_RINVTLVVAL, name, `a value of type ${type.kind} is needed`)
}
