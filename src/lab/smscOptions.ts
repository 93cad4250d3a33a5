import { INTERFACE_VERSION } from '../smpp/index.ts'
import type { InterfaceVersion, SessionTimers } from '../smpp/index.ts'
import type { Spread } from './seededRandom.ts'

export interface SmscOptions {
  readonly host: string
  /** 0 chooses a free port. */
  readonly port: number
  readonly systemId: string
  readonly password: string
  /** The file of accepted messages, which is created if it does not exist. */
  readonly file: string
  /** The time from a submit_sm to its answer. */
  readonly latency: Spread
  /** The time from the answer to the receipt. */
  readonly receiptDelay: Spread
  /**
   * The shares of submit_sm that are refused, throttled, or followed by a cut of the connection.
   * Each share is between 0 and 1, and their sum is at most 1.
   */
  readonly errorRate: number
  readonly throttleRate: number
  readonly dropRate: number
  /**
   * The maximum number of messages accepted in any second over all binds. Further messages are
   * throttled. 0 means no limit.
   */
  readonly tps: number
  /**
   * The shares of receipts that report a failure, that are sent twice, and that precede the
   * submit_sm_resp of their message. Each share is between 0 and 1.
   */
  readonly undeliveredRate: number
  readonly duplicateRate: number
  readonly earlyReceiptRate: number
  readonly seed: number
  /** The SMPP version of the simulator, which refuses fields that do not exist in this version. */
  readonly interfaceVersion: InterfaceVersion
  /** The maximum number of unanswered receipts on one session. */
  readonly windowSize: number
  readonly resendAfterMs: number
  readonly timers: SessionTimers
  /** Called with the number of open binds when a bind is accepted or ends. */
  onBinds?(open: number): void
}

/** The SMPP versions by their usual names. */
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
