import type { KillAction } from './killSchedule.ts'
import type { Silence } from './silences.ts'

/**
 * A silence is a period without events. If it begins later than this after an action, the action
 * did not cause it.
 */
const EFFECT_WITHIN_MS = 1_000

/**
 * The longest recovery after each kind of action, in ms from the action to the end of the silence.
 * The keys are names such as `kill of gateway`. A silence belongs to the last action before it. It
 * may also belong to an action shortly after its start, because the last event before an action is
 * slightly older than the action. All other silences are listed under the key `no action`, counted
 * from their start.
 */
export function longestRecoveries(
  actions: readonly KillAction[],
  silences: readonly Silence[],
): ReadonlyMap<string, number> {
  const longest = new Map<string, number>()
  for (const { fromMs, toMs } of silences) {
    const isNear = ({ atMs }: KillAction) => atMs < toMs && atMs - fromMs <= EFFECT_WITHIN_MS
    const before = actions.findLast(({ atMs }) => atMs <= fromMs)
    const isCause = before !== undefined && fromMs - before.atMs <= EFFECT_WITHIN_MS
    const cause = isCause ? before : actions.find((one) => one.atMs > fromMs && isNear(one))
    const name = cause ? `${cause.kind} of ${cause.victim}` : 'no action'
    const tookMs = toMs - (cause?.atMs ?? fromMs)
    longest.set(name, Math.max(tookMs, longest.get(name) ?? 0))
  }
  return new Map([...longest].toSorted(([a], [b]) => a.localeCompare(b)))
}
