/**
 * The time in milliseconds to wait before retry number `attempt`, counted from 0. Waiting times
 * double from `firstMs` to `capMs`. Random jitter shortens each waiting time by up to half, so that
 * processes that lost the same peer do not all reconnect at the same time.
 */
export function backOffMs(
  attempt: number,
  firstMs: number,
  capMs: number,
  random: () => number = Math.random,
): number {
  const full = Math.min(capMs, firstMs * 2 ** Math.min(attempt, 30))
  return full * (0.5 + random() / 2)
}
