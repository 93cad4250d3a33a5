// `kill -9` in the middle of traffic: whatever was answered ESME_ROK is submitted and receipted.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { runLoad } from '../src/lab/loadGenerator.ts'
import { readWitness } from '../src/lab/readWitness.ts'
import { reconcile } from '../src/lab/reconcile.ts'
import { type Stack, startStack } from './stack.ts'

const MESSAGES = 2000
/** Slow enough that the kill falls into the middle of it. */
const MESSAGES_PER_SECOND = 500
const RECEIPTS_WITHIN_MS = 60_000

/** Sends 2,000 messages, kills `victim` when a quarter has been answered, and compares the ends. */
async function killAmidTraffic(victim: string) {
  const stack = await startStack({})
  onTestFinished(async () => void (await stack.stop()))
  const { host, password = '', port, systemId = '' } = stack.ready.smpp
  const before = stack.pidOf(victim)
  let killed = false
  const report = await runLoad({
    host,
    port,
    systemId,
    password,
    sessions: 4,
    windowSize: 100,
    count: MESSAGES,
    rate: MESSAGES_PER_SECOND,
    registeredDelivery: 1,
    reconnect: true,
    retryThrottledAfterMs: 100,
    receiptsWithinMs: RECEIPTS_WITHIN_MS,
    onProgress: ({ answered }) => {
      if (killed || answered < MESSAGES / 4) return
      killed = true
      process.kill(before, 'SIGKILL')
    },
  })
  const ends = reconcile(report, readWitness(witnessFile(stack)), true)
  return { before, after: stack.pidOf(victim), ends, killed, report, stack }
}

function witnessFile({ home }: Stack): string {
  const folder = join(home, 'smsc')
  const name = readdirSync(folder).find((file) => file.endsWith('.ndjson'))
  if (name === undefined) throw new Error(`no file of the simulated SMSC in ${folder}`)
  return join(folder, name)
}

test.each(['router', 'postgres'])(
  'after kill -9 of %s in mid-traffic nothing that was accepted is lost',
  async (victim) => {
    const { after, before, ends, killed, report } = await killAmidTraffic(victim)
    expect(killed).toBe(true)
    expect(after).not.toBe(before)
    expect(ends.lost).toEqual([])
    expect(ends.withoutReceipt).toEqual([])
    // The customer's binds live through it, and every message gets an answer.
    expect(report.reconnects).toBe(0)
    expect(report.unknown).toEqual([])
    expect(report.answered.size).toBe(MESSAGES)
    expect(report.repeatedIds).toEqual([])
  },
)
