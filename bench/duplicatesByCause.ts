import type { KillAction } from '../src/lab/killSchedule.ts'
import type { Witness } from '../src/lab/readWitness.ts'

/** A duplicate is put down to the last action before the SMSC took the message again. */
export function duplicatesByCause(
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
