/** The optimum range of congestion_state is 80-90 (SMPP 5.0 §4.8.4.18). */
const OPTIMUM_MIN = 80
const OPTIMUM_MAX = 90
const CONGESTED = 100

/**
 * The new window size for the peer's congestion_state (0-100). Below 80 the window grows by an
 * eighth, from 80 to 90 it stays the same, above 90 it shrinks by an eighth, and at 100 it is
 * halved. The result is between 1 and `sizeMax`.
 */
export function nextWindowSize(size: number, congestionState: number, sizeMax: number): number {
  const step = Math.max(1, Math.floor(size / 8))
  if (congestionState < OPTIMUM_MIN) return Math.min(sizeMax, size + step)
  if (congestionState <= OPTIMUM_MAX) return size
  return Math.max(1, congestionState < CONGESTED ? size - step : Math.floor(size / 2))
}
