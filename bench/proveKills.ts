// Kills and stops random processes under steady load. Afterwards compares the records of both ends:
// messages answered ESME_ROK, messages that the SMSC accepted, receipts that it sent, and receipts
// that the ESME received. Two processes each of router, workers and dlr-processor run, and each
// process can be a victim. Leases on envelopes are short, and half of the stops outlast them, so
// that another process takes over envelopes that the stopped process still considers its own.
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
import { Resubmissions } from './resubmissions.ts'
import { customersOf, describeAction, steadyLoad } from './steadyLoad.ts'

const PROCESSES = { router: 2, workers: 2, dlr: 2 }
const VICTIMS = [
  'gateway',
  'router',
  'router-2',
  'workers',
  'workers-2',
  'dlr',
  'dlr-2',
  'postgres',
  'smsc',
  'admin',
  'exporters',
]
const QUEUE_LEASE_MS = 5_000
/** 300 actions in half an hour. */
const INTERVAL_MS = 6_000
/** Short stops, and stops that outlast every lease on an envelope. */
const STOPS = [
  { minMs: 0, maxMs: 2_500 },
  { minMs: 2 * QUEUE_LEASE_MS, maxMs: 3 * QUEUE_LEASE_MS },
]
const MESSAGES_PER_SECOND = 200
/** Time after the last action, in which the platform must recover without help. */
const SETTLE_MS = 30_000
const RECEIPTS_WITHIN_MS = 240_000

export async function proveKills({ minutes, seed, onProgress }: ProofOptions): Promise<Proof> {
  const stack = await startStack({
    processes: PROCESSES,
    env: { SIGNALBOX_QUEUE_LEASE_MS: String(QUEUE_LEASE_MS) },
  })
  const resubmissions = new Resubmissions(stack)
  try {
    const durationMs = minutes * 60_000
    const load = await steadyLoad({
      ...(await customersOf(stack)),
      windowSize: 25,
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
        'stops beyond the lease on envelopes': actions.filter(isBeyondLease).length,
        'lease on envelopes, s': QUEUE_LEASE_MS / 1_000,
        'messages answered ESME_ROK': report.answered.size,
        lost: ends.lost.length,
        'without receipt': ends.withoutReceipt.length,
        'submitted more than once, seen by the SMSC': ends.duplicated.length,
        ...duplicatesByCause(witness, actions),
        ...(await resubmissions.figures(ends.duplicated.length)),
        'receipted to the ESME more than once': ends.receiptedTwice.length,
        'outcome unknown to the ESME': report.unknown.length,
        'permanently refused': [...report.refused.values()].flat().length,
        'ESME reconnects': report.reconnects,
        'longest pause in answers, s': longestPause(report.answeredPerSecond),
        'longest pause in receipts, s': longestPause(report.receiptsPerSecond),
        ...recoveryFigures('answers', actions, report.answerSilences),
        ...recoveryFigures('receipts', actions, report.receiptSilences),
      },
      table: {
        columns: ['victim', 'kills', 'stops', 'stops beyond the lease on envelopes'],
        rows: VICTIMS.map((victim) => actionsOn(victim, actions)),
      },
    }
  } finally {
    resubmissions.stop()
    await stack.stop()
  }
}

function actionsOn(victim: string, all: readonly KillAction[]): (number | string)[] {
  const own = all.filter((action) => action.victim === victim)
  const stops = own.filter(({ kind }) => kind === 'stop')
  return [victim, own.length - stops.length, stops.length, stops.filter(isBeyondLease).length]
}

function isBeyondLease({ forMs }: KillAction): boolean {
  return forMs > QUEUE_LEASE_MS
}

/** Times from an action until the first response or receipt after it. */
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

/** The largest number of consecutive seconds without an event. */
function longestPause(perSecond: readonly number[]): number {
  let longest = 0
  let pause = 0
  for (const count of perSecond) {
    pause = count === 0 ? pause + 1 : 0
    longest = Math.max(longest, pause)
  }
  return longest
}
