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
  /** Since 5.0. `code` is a command_status. */
  SMPP: 7,
  /** Since 5.0. Each message centre defines its own codes. */
  MC_SPECIFIC: 8,
} as const

export type NetworkErrorType = (typeof NETWORK_ERROR_TYPE)[keyof typeof NETWORK_ERROR_TYPE]

/** The content of network_error_code: the type of network and its 16-bit error code. */
export interface NetworkErrorCode {
  /** One of NETWORK_ERROR_TYPE, or any other octet. */
  readonly type: number
  /** 0 to 65535. */
  readonly code: number
}

/**
 * Decodes the value of a network_error_code TLV (SMPP 3.4 §5.3.2.31). Returns undefined unless it
 * has exactly three octets.
 */
export function readNetworkErrorCode(octets: Buffer): NetworkErrorCode | undefined {
  if (octets.length !== 3) return undefined
  return { type: octets.readUInt8(0), code: octets.readUInt16BE(1) }
}

/**
 * Encodes the value of a network_error_code TLV (SMPP 3.4 §5.3.2.31). Throws RangeError if `type`
 * does not fit into one octet, or `code` into two.
 */
export function networkErrorCodeOctets({ type, code }: NetworkErrorCode): Buffer {
  const octets = Buffer.alloc(3)
  octets.writeUInt8(type, 0)
  octets.writeUInt16BE(code, 1)
  return octets
}
