export interface ProofOptions {
  readonly minutes: number
  readonly seed: number
  onProgress(what: string): void
}

export interface Proof {
  /** Whether what was to be proved held. */
  readonly held: boolean
  readonly figures: Readonly<Record<string, number | string>>
}
