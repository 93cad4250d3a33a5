/** The first octet of network_error_code (SMPP 3.4 §5.3.2.31). */
export const NETWORK_ERROR_TYPE = {
  ANSI_136_ACCESS_DENIED: 1,
  IS_95_ACCESS_DENIED: 2,
  GSM: 3,
  /** Since 5.0. */
  ANSI_136_CAUSE: 4,
  /** Since 5.0. */
  IS_95_CAUSE: 5,
  /** Since 5.0. */
  ANSI_41: 6,
  /** Since 5.0: `code` is a command_status. */
  SMPP: 7,
  /** Since 5.0: `code` is the centre's own. */
  MC_SPECIFIC: 8,
} as const

export type NetworkErrorType = (typeof NETWORK_ERROR_TYPE)[keyof typeof NETWORK_ERROR_TYPE]

/** network_error_code: which network says it, and its code of 16 bits (up to five digits). */
export interface NetworkErrorCode {
  /** One of NETWORK_ERROR_TYPE, or any other octet. */
  readonly type: number
  /** 0 to 65535. */
  readonly code: number
}

/** From the TLV (SMPP 3.4 §5.3.2.31); undefined when there are not exactly three octets. */
export function readNetworkErrorCode(octets: Buffer): NetworkErrorCode | undefined {
  if (octets.length !== 3) return undefined
  return { type: octets.readUInt8(0), code: octets.readUInt16BE(1) }
}

/** The TLV's three octets (SMPP 3.4 §5.3.2.31). Throws RangeError when one does not fit. */
export function networkErrorCodeOctets({ type, code }: NetworkErrorCode): Buffer {
  const octets = Buffer.alloc(3)
  octets.writeUInt8(type, 0)
  octets.writeUInt16BE(code, 1)
  return octets
}
