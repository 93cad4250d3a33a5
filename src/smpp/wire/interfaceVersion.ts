/** What `interface_version` and `sc_interface_version` hold (SMPP 3.4 §5.2.4). */
export const INTERFACE_VERSION = { V3_3: 0x33, V3_4: 0x34, V5_0: 0x50 } as const

export type InterfaceVersion = (typeof INTERFACE_VERSION)[keyof typeof INTERFACE_VERSION]

/** Any octet as the version it means: up to 0x33 is 3.3 or earlier, then 3.4, from 0x50 on 5.0. */
export function knownVersion(octet: number): InterfaceVersion {
  const { V3_3, V3_4, V5_0 } = INTERFACE_VERSION
  if (octet >= V5_0) return V5_0
  return octet >= V3_4 ? V3_4 : V3_3
}

/** What two sides speak with each other: the lower version (SMPP 3.4 §3.4). */
export function lowerVersion(one: number, other: number): InterfaceVersion {
  return knownVersion(Math.min(one, other))
}
