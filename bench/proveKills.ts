// Random kills and stops under steady load, and then the books of both ends compared: what was
// answered ESME_ROK, what the SMSC accepted, what was receipted, what came back.
import { killable, runKillSchedule } from '../src/lab/killSchedule.ts'
import type { KillAction } from '../src/lab/killSchedule.ts'
import { readWitness } from '../src/lab/readWitness.ts'
import { reconcile } from '../src/lab/reconcile.ts'
import { longestRecoveries } from '../src/lab/recoveries.ts'
import type { Silence } from '../src/lab/silences.ts'
import { witnessFile } from '../test/amidTraffic.ts'
import { startStack } from '../test/stack.ts'
import { duplicatesByCause } from './duplicatesByCause.ts'
import type { Proof, ProofOptions } from './proof.ts'
import { customerOf, describeAction, steadyLoad } from './steadyLoad.ts'

const VICTIMS = ['gateway', 'router', 'workers', 'dlr', 'postgres', 'smsc', 'admin', 'exporters']
/** 300 actions in half an hour. */
const INTERVAL_MS = 6_000
const STOPS = [{ minMs: 0, maxMs: 2_500 }]
const MESSAGES_PER_SECOND = 200
/** After the last action: everything owed has to come in on its own. */
const SETTLE_MS = 30_000
const RECEIPTS_WITHIN_MS = 240_000

export async function proveKills({ minutes, seed, onProgress }: ProofOptions): Promise<Proof> {
  const stack = await startStack({})
  try {
    const durationMs = minutes * 60_000
    const load = await steadyLoad({
      ...customerOf(stack),
      sessions: 4,
      windowSize: 100,
      rate: MESSAGES_PER_SECOND,
      durationMs: durationMs + SETTLE_MS,
      receiptsWithinMs: RECEIPTS_WITHIN_MS,
    })
    const actions = await runKillSchedule(killable(stack.pidOf), {
      seed,
      actions: Math.floor(durationMs / INTERVAL_MS),
      intervalMs: INTERVAL_MS,
      victims: VICTIMS,
      stops: STOPS,
      onAction: (action) => onProgress(describeAction(action)),
    })
    const { report } = await load.done
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
        ...recoveryFigures('answers', actions, report.answerSilences),
        ...recoveryFigures('receipts', actions, report.receiptSilences),
      },
    }
  } finally {
    await stack.stop()
  }
}

/** From the action to the first of what came again after it. */
function recoveryFigures(
  what: string,
  actions: readonly KillAction[],
  silences: readonly Silence[],
): Record<string, number> {
  const longest = [...longestRecoveries(actions, silences)]
  const rows = longest.map(([cause, ms]): [string, number] => [
    `longest recovery of ${what}, s: ${cause}`,
    ms / 1_000,
  ])
  return Object.fromEntries(rows)
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
