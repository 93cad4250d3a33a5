// Sends traffic through the whole platform while a test disturbs it, then compares both ends: the
// answers and receipts that the customer got with the messages and receipts that the SMSC recorded.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { runLoad } from '../src/lab/loadGenerator.ts'
import type { LoadReport } from '../src/lab/loadReport.ts'
import { readWitness, type WitnessedBind } from '../src/lab/readWitness.ts'
import { reconcile, type Reconciliation } from '../src/lab/reconcile.ts'
import type { Stack } from './stack.ts'

export interface Traffic {
  messages: number
  messagesPerSecond: number
  /** How long to wait for missing receipts after the last answer. */
  receiptsWithinMs: number
  /**
   * The witness file of the SMSC under test. The default is the file of the simulator that `up`
   * starts.
   */
  witness?: string
}

export interface Outcome {
  report: LoadReport
  ends: Reconciliation
  /** Every bind that the SMSC has seen since it started. */
  upstreamBinds: readonly WitnessedBind[]
  /** When `act` was called. */
  actedFromMs: number
  /** When the promise that `act` returned had resolved. */
  actedUntilMs: number
}

/** Progress of the traffic, updated once a second. */
export interface Flow {
  answered(): number
}

export const SESSIONS = 4
export const WINDOW_SIZE = 100

/** Sends the traffic and calls `act` once, after a quarter of the messages has been answered. */
export async function amidTraffic(
  stack: Stack,
  traffic: Traffic,
  act: (flow: Flow) => Promise<void> | void,
): Promise<Outcome> {
  const { host, password = '', port, systemId = '' } = stack.ready.smpp
  let acting: Promise<Pick<Outcome, 'actedFromMs' | 'actedUntilMs'>> | undefined
  let latest = 0
  const actOnce = async () => {
    const actedFromMs = Date.now()
    await act({ answered: () => latest })
    return { actedFromMs, actedUntilMs: Date.now() }
  }
  const report = await runLoad({
    host,
    port,
    systemId,
    password,
    sessions: SESSIONS,
    windowSize: WINDOW_SIZE,
    count: traffic.messages,
    rate: traffic.messagesPerSecond,
    registeredDelivery: 1,
    reconnect: true,
    retryThrottledAfterMs: 100,
    receiptsWithinMs: traffic.receiptsWithinMs,
    onProgress: ({ answered }) => {
      latest = answered
      if (acting || answered < traffic.messages / 4) return
      acting = actOnce()
      // `acting` is awaited below, but it may reject long before the traffic ends.
      acting.catch(() => undefined)
    },
  })
  if (!acting) throw new Error('the traffic ended before `act` was called')
  const acted = await acting
  const witness = readWitness(traffic.witness ?? witnessFile(stack))
  const ends = reconcile(report, witness, true)
  return { report, ends, upstreamBinds: witness.binds, ...acted }
}

/** The witness file of the simulated SMSC. Older files that were set aside have other endings. */
export function witnessFile({ home }: Stack): string {
  const folder = join(home, 'smsc')
  const name = readdirSync(folder).find((file) => file.endsWith('.ndjson'))
  if (name === undefined) throw new Error(`no file of the simulated SMSC in ${folder}`)
  return join(folder, name)
}
