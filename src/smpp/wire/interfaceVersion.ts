/** The values of `interface_version` and `sc_interface_version` (SMPP 3.4 §5.2.4). */
export const INTERFACE_VERSION = { V3_3: 0x33, V3_4: 0x34, V5_0: 0x50 } as const

export type InterfaceVersion = (typeof INTERFACE_VERSION)[keyof typeof INTERFACE_VERSION]

/** Maps any octet to a known version: below 0x34 to 3.3, below 0x50 to 3.4, all others to 5.0. */
export function knownVersion(octet: number): InterfaceVersion {
  const { V3_3, V3_4, V5_0 } = INTERFACE_VERSION
  if (octet >= V5_0) return V5_0
  return octet >= V3_4 ? V3_4 : V3_3
}

/** The version that two sides use with each other: the lower one (SMPP 3.4 §3.4). */
export function lowerVersion(one: number, other: number): InterfaceVersion {
  return knownVersion(Math.min(one, other))
}
