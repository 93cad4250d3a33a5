interface Sample {
  readonly name: string
  readonly labels: string
  readonly value: number
}

/** The metrics of a component, parsed from its /metrics text. */
export class Metrics {
  readonly #samples: readonly Sample[]

  constructor(text: string) {
    this.#samples = [...text.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)].map(
      ([, name = '', labels = '', value]) => ({ name, labels, value: Number(value) }),
    )
  }

  /** The sum over all labels; undefined if there is no sample. */
  sum(name: string): number | undefined {
    const values = this.#values(name, '')
    return values.length > 0 ? values.reduce((sum, value) => sum + value, 0) : undefined
  }

  /**
   * The largest sample with this label, such as `queue="journal"`. An empty `label` matches all.
   */
  largest(name: string, label = ''): number | undefined {
    const values = this.#values(name, label)
    return values.length > 0 ? Math.max(...values) : undefined
  }

  /** Sums grouped by the value of a label. */
  sumsBy(label: string, name: string): ReadonlyMap<string, number> {
    const sums = new Map<string, number>()
    for (const { labels, value, ...sample } of this.#samples) {
      if (sample.name !== name) continue
      const [, of] = new RegExp(`(?:^|,)${label}="([^"]*)"`).exec(labels) ?? []
      if (of !== undefined) sums.set(of, (sums.get(of) ?? 0) + value)
    }
    return sums
  }

  #values(name: string, label: string): number[] {
    return this.#samples
      .filter((one) => one.name === name && one.labels.includes(label))
      .map(({ value }) => value)
  }
}

/** `port` is a component's health port. */
export async function readMetrics(port: number, withinMs = 30_000): Promise<Metrics> {
  const signal = AbortSignal.timeout(withinMs)
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { signal })
  return new Metrics(await answer.text())
}
