import type { LoadProgress } from '../src/lab/loadGenerator.ts'

export interface BenchOptions {
  /** How long load is put on, seconds. */
  readonly seconds: number
  /** Messages a second; undefined keeps all windows full. */
  readonly rate: number | undefined
  /** Over how many accounts the load is spread. */
  readonly accounts: number
  /** Idle ones. */
  readonly binds: number
  onProgress(progress: LoadProgress): void
}

/** SMPP load as the targets are stated for. */
const LOAD = { sessions: 20, windowSize: 100 }

/** Many accounts have a session each, and together as many messages under way. */
export function sessionsFor(accounts: number): { sessions: number; windowSize: number } {
  if (accounts === 1) return LOAD
  const inFlight = LOAD.sessions * LOAD.windowSize
  return { sessions: accounts, windowSize: Math.max(1, Math.round(inFlight / accounts)) }
}
