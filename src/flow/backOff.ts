/**
 * Waiting times that double from `firstMs` to `capMs`, each with up to half of it as jitter, so
 * that processes which lost the same peer do not return in step.
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
