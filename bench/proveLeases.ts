// Two workers share one connector with two bind slots. The SMSC accepts every bind and counts the
// open ones. In each round, one or two of the workers and PostgreSQL are killed or stopped; the
// next round begins when both binds are open again.
//
// The leases are short, so that a stopped worker often outlasts its lease, is replaced by the other
// worker, and then wakes up. With the default lease of 90 s that would not happen, because the
// supervisor kills a process after 45 s of silence.
import { setTimeout as after } from 'node:timers/promises'
import { takeovers } from '../src/lab/takeovers.ts'
import type { Takeover } from '../src/lab/takeovers.ts'
import { killable, Kills } from '../src/lab/killSchedule.ts'
import type { KillAction } from '../src/lab/killSchedule.ts'
import { readWitness } from '../src/lab/readWitness.ts'
import { reconcile } from '../src/lab/reconcile.ts'
import { duplicatesByCause } from './duplicatesByCause.ts'
import type { Proof, ProofOptions } from './proof.ts'
import { Resubmissions } from './resubmissions.ts'
import type { SmscProcess } from './smscProcess.ts'
import { describeAction, steadyLoad } from './steadyLoad.ts'
import { upstreamStack } from './upstreamStack.ts'
import type { UpstreamStack } from './upstreamStack.ts'

const SLOTS = 2
const VICTIMS = ['workers', 'workers-2', 'postgres']
const LEASE_TTL_MS = 6_000
/** Short, so that a worker that is stopped for long also loses its envelopes. */
const QUEUE_LEASE_MS = 5_000
/** At least the time in which the SMSC with the timers below notices that a peer is dead. */
const RELEASE_AFTER_MS = 5_000
/** 2 s of silence, then 2 s without a response; each is noticed up to half a second late. */
const SMSC_TIMERS = {
  sessionInitTimeoutMs: 10_000,
  enquireLinkIntervalMs: 2_000,
  responseTimeoutMs: 2_000,
  inactivityTimeoutMs: 0,
}
/** Workers renew leases and search for free slots six times per TTL. */
const SEARCH_MS = LEASE_TTL_MS / 6
/** `up` waits up to 5 s before it restarts a failing process, which then has to start and bind. */
const RESTART_MS = 8_000
const TAKEOVER_MS_MAX = LEASE_TTL_MS + RELEASE_AFTER_MS + SEARCH_MS + RESTART_MS
/** Short stops, stops about as long as a lease plus its release, and longer stops. */
const STOPS = [
  { minMs: 100, maxMs: 3_000 },
  { minMs: LEASE_TTL_MS - 500, maxMs: LEASE_TTL_MS + RELEASE_AFTER_MS + 2_000 },
  { minMs: LEASE_TTL_MS + RELEASE_AFTER_MS + 2_000, maxMs: 25_000 },
]
const SECOND_ACTION_SHARE = 1 / 2
const SECOND_ACTION_WITHIN_MS = 4_000
/** If no bind changed for this long, a worker that woke up has its share of the slots again. */
const STABLE_MS = 3_000
const STABLE_WITHIN_MS = 3 * TAKEOVER_MS_MAX
const POLL_MS = 200
const MESSAGES_PER_SECOND = 50
const SETTLE_MS = 90_000
const RECEIPTS_WITHIN_MS = 240_000

export async function proveLeases(options: ProofOptions): Promise<Proof> {
  const upstream = await upstreamStack({
    stack: {
      processes: { router: 2, workers: SLOTS, dlr: 2 },
      env: {
        SIGNALBOX_QUEUE_LEASE_MS: String(QUEUE_LEASE_MS),
        SIGNALBOX_BIND_LEASE_TTL_MS: String(LEASE_TTL_MS),
        SIGNALBOX_BIND_RELEASE_AFTER_MS: String(RELEASE_AFTER_MS),
      },
    },
    smsc: { timers: SMSC_TIMERS },
    connector: { binds: SLOTS, window: 100, tps: 1_000 },
  })
  const resubmissions = new Resubmissions(upstream.stack)
  try {
    return await prove(upstream, resubmissions, options)
  } finally {
    resubmissions.stop()
    await upstream.stop()
  }
}

async function prove(
  upstream: UpstreamStack,
  resubmissions: Resubmissions,
  options: ProofOptions,
): Promise<Proof> {
  const { smsc, customer, witness } = upstream
  const durationMs = options.minutes * 60_000
  if (!(await untilStable(smsc))) throw new Error('the two workers never held both binds')
  const load = await steadyLoad({
    ...customer,
    sessions: 2,
    windowSize: 100,
    rate: options.rate ?? MESSAGES_PER_SECOND,
    durationMs: durationMs + SETTLE_MS,
    receiptsWithinMs: RECEIPTS_WITHIN_MS,
  })
  const kills = new Kills(killable(upstream.stack.pidOf), {
    seed: options.seed,
    victims: VICTIMS,
    stops: STOPS,
    onAction: (action) => options.onProgress(describeAction(action)),
  })
  const allCameBack = await runRounds(kills, smsc, Date.now() + durationMs)
  const { report } = await load.done
  const { stats, binds } = await smsc.ask({})
  const witnessed = readWitness(witness)
  const ends = reconcile(report, witnessed, true)
  const { done } = kills
  const longest = longestByCause(takeovers(binds, SLOTS), done)
  const longestMs = Math.max(0, ...longest.values())
  const lost = ends.lost.length + ends.withoutReceipt.length
  return {
    held: allCameBack && stats.bindsMax <= SLOTS && lost === 0 && longestMs <= TAKEOVER_MS_MAX,
    figures: {
      'bind slots': SLOTS,
      'most binds open at the same time, counted by the SMSC': stats.bindsMax,
      kills: done.filter(({ kind }) => kind === 'kill').length,
      stops: done.filter(({ kind }) => kind === 'stop').length,
      'stops of a worker beyond its lease': done.filter(isBeyondLease).length,
      takeovers: takeovers(binds, SLOTS).length,
      'longest takeover, s': longestMs / 1_000,
      'guaranteed bound of a takeover, s': TAKEOVER_MS_MAX / 1_000,
      ...Object.fromEntries([...longest].map(([cause, ms]) => [`  after ${cause}, s`, ms / 1_000])),
      'messages answered ESME_ROK': report.answered.size,
      lost: ends.lost.length,
      'without receipt': ends.withoutReceipt.length,
      'submitted more than once, seen by the SMSC': ends.duplicated.length,
      ...duplicatesByCause(witnessed, done),
      ...(await resubmissions.figures(ends.duplicated.length)),
      'lease on envelopes, s': QUEUE_LEASE_MS / 1_000,
      'lease TTL, s': LEASE_TTL_MS / 1_000,
      'release after, s': RELEASE_AFTER_MS / 1_000,
    },
  }
}

/** Kills and stops until `endMs`. Returns false as soon as the binds are not restored in time. */
async function runRounds(kills: Kills, smsc: SmscProcess, endMs: number): Promise<boolean> {
  while (Date.now() < endMs) {
    kills.act()
    if (kills.random() < SECOND_ACTION_SHARE) {
      await after(kills.random() * SECOND_ACTION_WITHIN_MS)
      kills.act()
    }
    await kills.whenAllGoOn()
    if (!(await untilStable(smsc))) return false
  }
  return true
}

/** Waits until all binds have been open for a while, because a kill takes effect with a delay. */
async function untilStable(smsc: SmscProcess): Promise<boolean> {
  const fromMs = Date.now()
  const deadlineMs = fromMs + STABLE_WITHIN_MS
  while (Date.now() < deadlineMs) {
    const { binds, atMs } = await smsc.ask({})
    const last = binds.at(-1)
    if (last && last.open >= SLOTS && atMs - Math.max(last.atMs, fromMs) >= STABLE_MS) return true
    await after(POLL_MS)
  }
  return false
}

/** The longest takeover by cause. A bind that was never restored counts until now. */
function longestByCause(
  all: readonly Takeover[],
  actions: readonly KillAction[],
): ReadonlyMap<string, number> {
  const longest = new Map<string, number>()
  for (const { lostAtMs, regainedAtMs = Date.now() } of all) {
    const action = actions.findLast(({ atMs }) => atMs <= lostAtMs)
    const beyond = action && isBeyondLease(action) ? ' beyond its lease' : ''
    const cause = action ? `${action.kind} of ${action.victim}${beyond}` : 'no action'
    const hindered = actions
      .map((one) => hinderedUntilMs(one, actions))
      .filter((untilMs) => untilMs < regainedAtMs)
    const tookMs = regainedAtMs - Math.max(lostAtMs, ...hindered)
    longest.set(cause, Math.max(tookMs, longest.get(cause) ?? 0))
  }
  return new Map([...longest].toSorted(([a], [b]) => a.localeCompare(b)))
}

/**
 * The time from which this action no longer prevents a takeover. A takeover needs a running
 * PostgreSQL and at least one worker that is not stopped.
 */
function hinderedUntilMs(action: KillAction, actions: readonly KillAction[]): number {
  const { kind, victim, atMs, forMs } = action
  if (kind === 'kill') return atMs
  if (victim === 'postgres') return atMs + forMs
  const overlaps = actions.filter(
    (one) =>
      one.kind === 'stop' &&
      one.victim !== victim &&
      one.victim !== 'postgres' &&
      one.atMs < atMs + forMs &&
      atMs < one.atMs + one.forMs,
  )
  const ends = overlaps.map((one) => Math.min(one.atMs + one.forMs, atMs + forMs))
  return Math.max(atMs, ...ends)
}

function isBeyondLease({ kind, victim, forMs }: KillAction): boolean {
  return kind === 'stop' && victim !== 'postgres' && forMs > LEASE_TTL_MS
}
