/** SMPP 5.0 §4.8.4.18: the load to aim at is 80-90. */
const OPTIMUM_MIN = 80
const OPTIMUM_MAX = 90
const CONGESTED = 100

/**
 * How many requests may be unanswered once the peer has told its congestion_state (0-100): an
 * eighth more below 80, the same up to 90, an eighth less above, half at 100; from 1 to `sizeMax`.
 */
export function nextWindowSize(size: number, congestionState: number, sizeMax: number): number {
  const step = Math.max(1, Math.floor(size / 8))
  if (congestionState < OPTIMUM_MIN) return Math.min(sizeMax, size + step)
  if (congestionState <= OPTIMUM_MAX) return size
  return Math.max(1, congestionState < CONGESTED ? size - step : Math.floor(size / 2))
}
