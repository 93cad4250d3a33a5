/** The first octet of broadcast_area_identifier (SMPP 5.0 §4.8.4). */
export const BROADCAST_AREA_FORMAT = {
  NAME: 0,
  ELLIPSOID_ARC: 1,
  POLYGON: 2,
} as const

export type BroadcastAreaFormat = (typeof BROADCAST_AREA_FORMAT)[keyof typeof BROADCAST_AREA_FORMAT]
