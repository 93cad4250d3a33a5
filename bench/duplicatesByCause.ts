import type { KillAction } from '../src/lab/killSchedule.ts'
import type { Witness } from '../src/lab/readWitness.ts'

/**
 * Counts duplicates by cause. The cause is the last kill or stop before the SMSC accepted the
 * message again, together with the processes that were stopped at that time.
 */
export function duplicatesByCause(
  { accepted, duplicates }: Witness,
  actions: readonly KillAction[],
): Record<string, number> {
  const causes = new Map<string, number>()
  for (const ids of duplicates) {
    const againMs = Math.max(...ids.map((id) => accepted.get(id)?.atMs ?? 0))
    const cause = causeOf(againMs, actions)
    causes.set(cause, (causes.get(cause) ?? 0) + 1)
  }
  return Object.fromEntries([...causes].toSorted(([a], [b]) => a.localeCompare(b)))
}

function causeOf(atMs: number, actions: readonly KillAction[]): string {
  const last = actions.findLast((action) => action.atMs <= atMs)
  if (!last) return '  before any action'
  const stopped = actions
    .filter((one) => one !== last && one.atMs <= atMs && atMs < one.atMs + one.forMs)
    .map(({ victim }) => victim)
  const beside = stopped.length > 0 ? `, ${stopped.toSorted().join(' and ')} stopped` : ''
  return `  after ${last.kind} of ${last.victim}${beside}`
}
