import { readScope } from '../../platform/changeScope.ts'
import type { ChangeScope } from '../../platform/changeScope.ts'
import type { PlatformDocument } from '../../platform/platformDocument.ts'
import { kindNamed } from '../../platform/resourceKinds.ts'
import { RevisionConflict } from '../../platform/resourceRow.ts'
import type { ResourceChange } from '../../platform/resourceRow.ts'
import { planPlatform } from '../../platform/platformPlan.ts'
import type { PlatformPlan } from '../../platform/platformPlan.ts'
import { invalid, ProblemError } from './problem.ts'
import { readStoredPlatform } from '../../platform/storedPlatform.ts'
import type { ResourceStore, StoredPlatform } from '../../platform/storedPlatform.ts'

export type Plan = Extract<PlatformPlan, { kind: 'plan' }>

export interface PlatformEdit {
  /**
   * If set, `edit` changes only the resource named by `scope`, and its argument contains only that
   * resource and the resources related to it.
   */
  scope?: ChangeScope
  /** Returns the wanted platform, given the stored platform. Throws if the edit is not allowed. */
  edit(stored: StoredPlatform): PlatformDocument
  /**
   * The revision from the header If-Match. The edit is refused if the platform has a different
   * revision.
   */
  ifRevision: number | undefined
}

/**
 * The maximum number of attempts. If an attempt conflicts with another write, the edit is planned
 * again.
 */
const ATTEMPTS_MAX = 5

export async function planEdit(
  store: ResourceStore,
  { edit, ifRevision, scope }: PlatformEdit,
): Promise<{ revision: number; plan: Plan }> {
  const stored = await (scope ? readScope(store, scope) : readStoredPlatform(store))
  const { revision, platform } = stored
  if (ifRevision !== undefined && ifRevision !== revision) throw changedMeanwhile(revision)
  const plan = await planPlatform(edit(stored), platform)
  if (plan.kind === 'problems') throw invalid(plan.problems)
  for (const write of plan.writes)
    if (write.spec === undefined) await refuseWhileAwaited(store, write)
  return { revision, plan }
}

/** Applies an edit as one revision. An edit that changes nothing creates no revision. */
export async function changePlatform(
  store: ResourceStore,
  change: PlatformEdit,
): Promise<{ revision: number; plan: Plan }> {
  for (let attempt = 1; ; attempt++) {
    const planned = await planEdit(store, change)
    const { revision, plan } = planned
    if (plan.writes.length === 0) return planned
    try {
      return { revision: await store.write(plan.writes, revision), plan }
    } catch (error) {
      if (!(error instanceof RevisionConflict)) throw error
      if (change.ifRevision !== undefined || attempt === ATTEMPTS_MAX)
        throw changedMeanwhile(undefined)
    }
  }
}

/** Refuses to delete a resource while accepted messages wait for it. */
async function refuseWhileAwaited(
  store: ResourceStore,
  { kind, id }: ResourceChange,
): Promise<void> {
  const { whyAwaited } = kindNamed(kind) ?? {}
  if (!whyAwaited) return
  const messages = await store.waitingFor(kind, id)
  if (messages > 0) throw new ProblemError(409, whyAwaited(id, messages))
}

function changedMeanwhile(revision: number | undefined): ProblemError {
  const now = revision === undefined ? '' : `, which is now at revision ${revision}`
  return new ProblemError(
    412,
    `somebody else changed the platform${now}: read it again, then repeat the change`,
  )
}
