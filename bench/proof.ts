export interface ProofOptions {
  readonly minutes: number
  readonly seed: number
  /** Messages a second, where a proof lets one choose. */
  readonly rate: number | undefined
  /** How many of what the proof is about; undefined: as many as the minutes allow. */
  readonly count: number | undefined
  /** Multiplies the sizes of the proof of scale. */
  readonly scale: number
  /** Limits the parts of a proof to those whose name or file contains this text. */
  readonly only: string | undefined
  onProgress(what: string): void
}

export interface Proof {
  /** Whether what was to be proved held. */
  readonly held: boolean
  readonly figures: Readonly<Record<string, number | string>>
  /** What was seen on the way. */
  readonly table?: {
    readonly columns: readonly string[]
    readonly rows: readonly (readonly (number | string)[])[]
  }
}
