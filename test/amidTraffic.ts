// Traffic through the whole platform while something is done to it, and then the comparison of both
// ends: what was answered, what the SMSC accepted, what was receipted, what came back.

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
  /** From the last answer on. */
  receiptsWithinMs: number
  /** The file of the SMSC that takes part; by default the one of `up`. */
  witness?: string
}

export interface Outcome {
  report: LoadReport
  ends: Reconciliation
  /** As the SMSC saw them, over all of its life. */
  upstreamBinds: readonly WitnessedBind[]
  /** When `act` was called. */
  actedFromMs: number
  /** When what it returned had resolved. */
  actedUntilMs: number
}

/** Counted anew each second. */
export interface Flow {
  answered(): number
}

export const SESSIONS = 4
export const WINDOW_SIZE = 100

/** Calls `act` once, when a quarter of the messages has been answered. */
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
      // It is awaited below, but it may fail long before the traffic ends.
      acting.catch(() => undefined)
    },
  })
  if (!acting) throw new Error('the traffic ended before anything was done')
  const acted = await acting
  const witness = readWitness(traffic.witness ?? witnessFile(stack))
  const ends = reconcile(report, witness, true)
  return { report, ends, upstreamBinds: witness.binds, ...acted }
}

/** The file of the simulated SMSC; files that were set aside are kept beside it. */
export function witnessFile({ home }: Stack): string {
  const folder = join(home, 'smsc')
  const name = readdirSync(folder).find((file) => file.endsWith('.ndjson'))
  if (name === undefined) throw new Error(`no file of the simulated SMSC in ${folder}`)
  return join(folder, name)
}
