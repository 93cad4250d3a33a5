// Keeps the outcomes of many envelopes in one transaction. When the store refuses them for good,
// the envelopes are halved until the harmful one is alone, and its outcomes are kept one by one. A
// message whose outcome is refused fails instead, for a reason that holds no foreign text. If even
// that is refused, its envelope is set aside.

import { isolateHarm } from '../../flow/isolateHarm.ts'
import type { Checkpoint } from '../../message/checkpointTable.ts'
import type { EnvelopeMessage } from '../../message/messageWire.ts'
import type { Outcome } from '../../message/outcomeWire.ts'
import type { LaterEntry } from '../../message/waitingMessageTable.ts'
import type { EnvelopeWork } from './envelopeWork.ts'
import { failedInstead } from './failedInstead.ts'

/** The new outcomes of one envelope. */
export interface WorkOutcomes {
  work: EnvelopeWork
  fresh: readonly FreshOutcome[]
}

export interface FreshOutcome {
  index: number
  message: EnvelopeMessage
  outcome: Outcome
  /** Where the message waits, if it does. */
  later?: LaterEntry
}

export type KeepRows = (
  checkpoints: readonly Checkpoint[],
  later: readonly LaterEntry[],
) => Promise<Error | undefined>

/** A message whose own outcome was refused. */
export interface RefusedOutcome {
  work: EnvelopeWork
  message: EnvelopeMessage
  outcome: Outcome
  error: Error
}

/** @param keepRows answers the error if the store refuses these rows for good */
export async function keepOutcomes(
  works: readonly WorkOutcomes[],
  keepRows: KeepRows,
): Promise<RefusedOutcome[]> {
  const keep = async (some: readonly WorkOutcomes[]): Promise<Error | undefined> => {
    const error = await keepRows(some.map(checkpointOf), some.flatMap(laterOf))
    if (!error) for (const { work, fresh } of some) work.keep(fresh.map(({ index }) => index))
    return error
  }
  const refused: RefusedOutcome[] = []
  for (const { item, error } of await isolateHarm(works, keep)) {
    if (item.fresh.length === 0) item.work.setAside(String(error))
    refused.push(...(await keepOneByOne(item, keep)))
  }
  return refused
}

async function keepOneByOne(
  { work, fresh }: WorkOutcomes,
  keep: (some: readonly WorkOutcomes[]) => Promise<Error | undefined>,
): Promise<RefusedOutcome[]> {
  const refused: RefusedOutcome[] = []
  for (const one of fresh) {
    const error = await keep([{ work, fresh: [one] }])
    if (!error) continue
    const { index, message, outcome } = one
    refused.push({ work, message, outcome, error })
    const instead = failedInstead(outcome, error)
    work.replace(index, instead)
    const again = await keep([{ work, fresh: [{ index, message, outcome: instead }] }])
    if (again) work.giveUp(index, `the outcome of ${message.messageId}: ${String(again)}`)
  }
  return refused
}

function checkpointOf({ work, fresh }: WorkOutcomes): Checkpoint {
  const indexes = new Set(fresh.map(({ index }) => index))
  return { envelopeId: work.envelope.envelopeId, outcomes: work.checkpoint(indexes) }
}

function laterOf({ fresh }: WorkOutcomes): LaterEntry[] {
  return fresh.flatMap(({ later }) => later ?? [])
}
