import type { LoadProgress } from '../src/lab/loadGenerator.ts'

export interface BenchOptions {
  /** Duration of the load in seconds. */
  readonly seconds: number
  /** Messages per second; undefined keeps all windows full. */
  readonly rate: number | undefined
  /** Number of accounts over which the load is spread. */
  readonly accounts: number
  /** Number of idle binds. */
  readonly binds: number
  onProgress(progress: LoadProgress): void
}

/** The SMPP load for which the performance targets are stated. */
const LOAD = { sessions: 20, windowSize: 100 }

/**
 * The sessions and windows of a load. All accounts together have about 2,000 unanswered messages.
 */
export function sessionsFor(accounts: number): { sessions: number; windowSize: number } {
  if (accounts === 1) return LOAD
  const inFlight = LOAD.sessions * LOAD.windowSize
  return { sessions: accounts, windowSize: Math.max(1, Math.round(inFlight / accounts)) }
}
