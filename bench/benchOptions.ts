import type { LoadProgress } from '../src/lab/loadGenerator.ts'

export interface BenchOptions {
  /** How long load is put on, seconds. */
  readonly seconds: number
  /** Messages a second; undefined keeps all windows full. */
  readonly rate: number | undefined
  onProgress(progress: LoadProgress): void
}

/** SMPP load as the targets are stated for. */
export const LOAD = { sessions: 20, windowSize: 100 } as const
