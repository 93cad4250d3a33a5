import { INTERFACE_VERSION } from '../smpp/index.ts'
import type { InterfaceVersion, SessionTimers } from '../smpp/index.ts'
import type { Spread } from './seededRandom.ts'

export interface SmscOptions {
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
  readonly systemId: string
  readonly password: string
  /** Where what was accepted is kept; made when it is missing. */
  readonly file: string
  /** From submit_sm to its answer. */
  readonly latency: Spread
  /** From the answer to the receipt. */
  readonly receiptDelay: Spread
  /** Shares between 0 and 1 of all submit_sm; the three together at most 1. */
  readonly errorRate: number
  readonly throttleRate: number
  readonly dropRate: number
  /** Messages that it takes in any second, over all binds; it throttles the rest. 0: no limit. */
  readonly tps: number
  /** Shares of the receipts. Early ones overtake their submit_sm_resp. */
  readonly undeliveredRate: number
  readonly duplicateRate: number
  readonly earlyReceiptRate: number
  readonly seed: number
  /** The version that it states and speaks. It refuses what this version does not have. */
  readonly interfaceVersion: InterfaceVersion
  /** Unanswered receipts on one session. */
  readonly windowSize: number
  readonly resendAfterMs: number
  readonly timers: SessionTimers
  /** At each accepted bind, and at each end of one: how many are open now. */
  onBinds?(open: number): void
}

/** By the names that people give them. */
export const SMSC_VERSIONS: ReadonlyMap<string, InterfaceVersion> = new Map([
  ['3.3', INTERFACE_VERSION.V3_3],
  ['3.4', INTERFACE_VERSION.V3_4],
  ['5.0', INTERFACE_VERSION.V5_0],
])

export const SMSC_DEFAULTS = {
  host: '127.0.0.1',
  port: 2776,
  latency: { minMs: 0, maxMs: 0 },
  receiptDelay: { minMs: 200, maxMs: 200 },
  errorRate: 0,
  throttleRate: 0,
  dropRate: 0,
  tps: 0,
  undeliveredRate: 0,
  duplicateRate: 0,
  earlyReceiptRate: 0,
  seed: 1,
  interfaceVersion: INTERFACE_VERSION.V5_0,
  windowSize: 100,
  resendAfterMs: 2_000,
  timers: {
    sessionInitTimeoutMs: 10_000,
    enquireLinkIntervalMs: 30_000,
    responseTimeoutMs: 30_000,
    inactivityTimeoutMs: 0,
  },
} as const satisfies Omit<SmscOptions, 'systemId' | 'password' | 'file'>
