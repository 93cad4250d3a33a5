export interface ProofOptions {
  readonly minutes: number
  readonly seed: number
  /** Messages per second, for the proofs whose rate can be chosen. */
  readonly rate: number | undefined
  /** Number of items, such as PDUs or requests. If undefined, the proof runs for `minutes`. */
  readonly count: number | undefined
  /** Multiplies the sizes of the scale proof. */
  readonly scale: number
  /** Runs only the parts of a proof whose name or file contains this text. */
  readonly only: string | undefined
  onProgress(what: string): void
}

export interface Proof {
  /** Whether everything that was to be proved held. */
  readonly held: boolean
  readonly figures: Readonly<Record<string, number | string>>
  /** Observations during the proof, such as samples. */
  readonly table?: {
    readonly columns: readonly string[]
    readonly rows: readonly (readonly (number | string)[])[]
  }
}
