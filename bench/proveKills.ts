// Random kills and stops under steady load, and then the books of both ends compared: what was
// answered ESME_ROK, what the SMSC accepted, what was receipted, what came back.
import { readWitness } from '../src/lab/readWitness.ts'
import type { Witness } from '../src/lab/readWitness.ts'
import { reconcile } from '../src/lab/reconcile.ts'
import { witnessFile } from '../test/amidTraffic.ts'
import { startStack } from '../test/stack.ts'
import { runKillSchedule } from './killSchedule.ts'
import type { KillAction } from './killSchedule.ts'
import { loadInProcess } from './loadInProcess.ts'
import type { Proof, ProofOptions } from './proof.ts'

const VICTIMS = ['gateway', 'router', 'workers', 'dlr', 'postgres', 'smsc', 'admin', 'exporters']
const INTERVAL_MS = 3_000
const STOP_MS_MAX = 2_500
const MESSAGES_PER_SECOND = 200
/** After the last action: everything owed has to come in on its own. */
const SETTLE_MS = 30_000
const RECEIPTS_WITHIN_MS = 240_000

export async function proveKills({ minutes, seed, onProgress }: ProofOptions): Promise<Proof> {
  const stack = await startStack({})
  try {
    const durationMs = minutes * 60_000
    let flowing: () => void = () => undefined
    const untilFlowing = new Promise<void>((resolve) => (flowing = resolve))
    const load = loadInProcess(
      {
        ...stack.ready.smpp,
        systemId: stack.ready.smpp.systemId ?? '',
        password: stack.ready.smpp.password ?? '',
        sessions: 4,
        windowSize: 100,
        rate: MESSAGES_PER_SECOND,
        durationMs: durationMs + SETTLE_MS,
        registeredDelivery: 1,
        reconnect: true,
        retryThrottledAfterMs: 200,
        receiptsWithinMs: RECEIPTS_WITHIN_MS,
      },
      ({ answered }) => {
        if (answered > 0) flowing()
      },
    )
    await Promise.race([untilFlowing, load])
    const actions = await runKillSchedule(stack, {
      seed,
      actions: Math.floor(durationMs / INTERVAL_MS),
      intervalMs: INTERVAL_MS,
      victims: VICTIMS,
      stopMsMax: STOP_MS_MAX,
      onAction: ({ kind, victim, forMs }) =>
        onProgress(`${kind} ${victim}${forMs > 0 ? ` for ${forMs} ms` : ''}`),
    })
    const { report } = await load
    const witness = readWitness(witnessFile(stack))
    const ends = reconcile(report, witness, true)
    return {
      held: ends.lost.length === 0 && ends.withoutReceipt.length === 0,
      figures: {
        seed,
        minutes,
        kills: actions.filter(({ kind }) => kind === 'kill').length,
        stops: actions.filter(({ kind }) => kind === 'stop').length,
        'messages answered ESME_ROK': report.answered.size,
        lost: ends.lost.length,
        'without receipt': ends.withoutReceipt.length,
        'submitted more than once': ends.duplicated.length,
        ...duplicatesByCause(witness, actions),
        'receipted to the ESME more than once': ends.receiptedTwice.length,
        'outcome unknown to the ESME': report.unknown.length,
        'refused for good': [...report.refused.values()].flat().length,
        'ESME reconnects': report.reconnects,
        'longest pause in answers, s': longestPause(report.answeredPerSecond),
        'longest pause in receipts, s': longestPause(report.receiptsPerSecond),
      },
    }
  } finally {
    await stack.stop()
  }
}

/** A duplicate is put down to the last action before the SMSC took the message again. */
function duplicatesByCause(
  { accepted, duplicates }: Witness,
  actions: readonly KillAction[],
): Record<string, number> {
  const causes = new Map<string, number>()
  for (const ids of duplicates) {
    const againMs = Math.max(...ids.map((id) => accepted.get(id)?.atMs ?? 0))
    const action = actions.findLast(({ atMs }) => atMs <= againMs)
    const cause = action ? `  after ${action.kind} of ${action.victim}` : '  before any action'
    causes.set(cause, (causes.get(cause) ?? 0) + 1)
  }
  return Object.fromEntries([...causes].toSorted(([a], [b]) => a.localeCompare(b)))
}

/** Seconds in a row in which nothing came. */
function longestPause(perSecond: readonly number[]): number {
  let longest = 0
  let pause = 0
  for (const count of perSecond) {
    pause = count === 0 ? pause + 1 : 0
    longest = Math.max(longest, pause)
  }
  return longest
}
