/** One measured number. A rate is compared only with a peer that was measured in the same run. */
export interface Figure {
  readonly bench: string
  readonly metric: string
  readonly value: number
  readonly unit: string
  readonly against: string | null
  readonly ratio: number | null
}

export interface Peer {
  readonly name: string
  /** The value to compare with, of the same metric and unit. */
  readonly value: number
}

export function figureOf(bench: string) {
  return (metric: string, value: number, unit: string, peer?: Peer): Figure => ({
    bench,
    metric,
    value: rounded(value),
    unit,
    against: peer?.name ?? null,
    ratio: peer && peer.value > 0 ? rounded(value / peer.value) : null,
  })
}

/** The median; 0 for an empty list. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? 0
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2
}

/** Prints one JSON line per figure, or a table. */
export function printFigures(figures: readonly Figure[], json: boolean): void {
  if (json) {
    for (const figure of figures) process.stdout.write(`${JSON.stringify(figure)}\n`)
    return
  }
  const width = Math.max(...figures.map(({ metric }) => metric.length))
  for (const { metric, value, unit, against, ratio } of figures) {
    const compared = against === null ? '' : `  (${ratio ?? '?'} x ${against})`
    const shown = value.toLocaleString('en-US').padStart(12)
    process.stdout.write(`  ${metric.padEnd(width)} ${shown} ${unit}${compared}\n`)
  }
}

/** Four significant digits: more would suggest a precision that a measurement does not have. */
function rounded(value: number): number {
  return Math.abs(value) >= 1_000 ? Math.round(value) : Number(value.toPrecision(4))
}
