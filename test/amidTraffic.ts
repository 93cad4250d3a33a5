// Traffic through the whole platform while something is done to it, and then the comparison of both
// ends: what was answered, what the SMSC accepted, what was receipted, what came back.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { runLoad } from '../src/lab/loadGenerator.ts'
import type { LoadReport } from '../src/lab/loadReport.ts'
import { readWitness } from '../src/lab/readWitness.ts'
import { reconcile, type Reconciliation } from '../src/lab/reconcile.ts'
import type { Stack } from './stack.ts'

export interface Traffic {
  messages: number
  messagesPerSecond: number
  /** From the last answer on. */
  receiptsWithinMs: number
}

export interface Outcome {
  report: LoadReport
  ends: Reconciliation
}

/** Calls `act` once, when a quarter of the messages has been answered. */
export async function amidTraffic(
  stack: Stack,
  traffic: Traffic,
  act: () => Promise<void> | void,
): Promise<Outcome> {
  const { host, password = '', port, systemId = '' } = stack.ready.smpp
  let acting: Promise<void> | undefined
  const report = await runLoad({
    host,
    port,
    systemId,
    password,
    sessions: 4,
    windowSize: 100,
    count: traffic.messages,
    rate: traffic.messagesPerSecond,
    registeredDelivery: 1,
    reconnect: true,
    retryThrottledAfterMs: 100,
    receiptsWithinMs: traffic.receiptsWithinMs,
    onProgress: ({ answered }) => {
      if (answered >= traffic.messages / 4) acting ??= Promise.resolve(act())
    },
  })
  if (!acting) throw new Error('the traffic ended before anything was done')
  await acting
  return { report, ends: reconcile(report, readWitness(witnessFile(stack)), true) }
}

/** Of the simulated SMSC; set-aside ones beside it belong to it. */
export function witnessFile({ home }: Stack): string {
  const folder = join(home, 'smsc')
  const name = readdirSync(folder).find((file) => file.endsWith('.ndjson'))
  if (name === undefined) throw new Error(`no file of the simulated SMSC in ${folder}`)
  return join(folder, name)
}
