import type { PlatformDocument } from '../../platform/resources.ts'
import { RevisionConflict } from '../../platform/resourceRow.ts'
import { planPlatform } from '../../platform/platformPlan.ts'
import type { PlatformPlan } from '../../platform/platformPlan.ts'
import { invalid, ProblemError } from './problem.ts'
import { readStoredPlatform } from '../../platform/storedPlatform.ts'
import type { ResourceStore, StoredPlatform } from '../../platform/storedPlatform.ts'

export type Plan = Extract<PlatformPlan, { kind: 'plan' }>

export interface PlatformEdit {
  /** The platform as it shall be, from the platform as it is. Throws what speaks against it. */
  edit(stored: StoredPlatform): PlatformDocument
  /** From If-Match: refuse when the platform is at another revision than this. */
  ifRevision: number | undefined
}

/** Somebody else wrote between our reading and our writing: read, plan and try again this often. */
const ATTEMPTS_MAX = 5

export async function planEdit(
  store: ResourceStore,
  { edit, ifRevision }: PlatformEdit,
): Promise<{ revision: number; plan: Plan }> {
  const stored = await readStoredPlatform(store)
  const { revision, platform } = stored
  if (ifRevision !== undefined && ifRevision !== revision) throw changedMeanwhile(revision)
  const plan = await planPlatform(edit(stored), platform)
  if (plan.kind === 'problems') throw invalid(plan.problems)
  for (const { id, kind, spec } of plan.writes)
    if (kind === 'connector' && spec === undefined) await refuseWhileNeeded(store, id)
  return { revision, plan }
}

/** Applies an edit as one revision, or as none when it changes nothing. */
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

/** What was accepted for a connector can only be sent by it: nothing may be stranded. */
async function refuseWhileNeeded(store: ResourceStore, connector: string): Promise<void> {
  const messages = await store.waitingFor(connector)
  if (messages === 0) return
  throw new ProblemError(
    409,
    `connector "${connector}" still has ${messages} accepted messages to send. ` +
      'Take it out of the route table, let it finish, and delete it then',
  )
}

function changedMeanwhile(revision: number | undefined): ProblemError {
  const now = revision === undefined ? '' : ` and is now at revision ${revision}`
  return new ProblemError(
    412,
    `somebody else changed the platform${now}: look at it again, then repeat the change`,
  )
}
