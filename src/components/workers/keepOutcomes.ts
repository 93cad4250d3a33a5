// Keeps the outcomes of many envelopes in one transaction. When the store refuses them for good,
// the envelopes are halved until the harmful one is alone, and its outcomes are kept one by one. A
// message whose outcome is refused fails instead, for a reason that holds no foreign text. If even
// that is refused, its envelope is set aside. An envelope that somebody else owns by now is lost.

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
  /** Whether the rest is left to others. */
  isReleased: boolean
}

export interface FreshOutcome {
  index: number
  message: EnvelopeMessage
  outcome: Outcome
  /** Where the message waits, if it does. */
  later?: LaterEntry
}

/** A message of an envelope that must wait. */
export interface WaitingMessage {
  envelopeId: string
  entry: LaterEntry
}

/** Answers the ids of the envelopes that were kept, or the error of a refusal for good. */
export type KeepRows = (
  checkpoints: readonly Checkpoint[],
  waiting: readonly WaitingMessage[],
) => Promise<ReadonlySet<string> | Error>

/** A message whose own outcome was refused. */
export interface RefusedOutcome {
  work: EnvelopeWork
  message: EnvelopeMessage
  outcome: Outcome
  error: Error
}

export async function keepOutcomes(
  works: readonly WorkOutcomes[],
  keepRows: KeepRows,
): Promise<RefusedOutcome[]> {
  const keep = async (some: readonly WorkOutcomes[]): Promise<Error | undefined> => {
    const kept = await keepRows(some.map(checkpointOf), some.flatMap(waitingOf))
    if (kept instanceof Error) return kept
    for (const { work, fresh } of some)
      if (kept.has(work.envelope.envelopeId)) work.keep(fresh.map(({ index }) => index))
      else work.lose()
    return undefined
  }
  const refused: RefusedOutcome[] = []
  for (const { item, error } of await isolateHarm(works, keep)) {
    if (item.fresh.length === 0) item.work.setAside(String(error))
    refused.push(...(await keepOneByOne(item, keep)))
  }
  return refused
}

async function keepOneByOne(
  { work, fresh, isReleased }: WorkOutcomes,
  keep: (some: readonly WorkOutcomes[]) => Promise<Error | undefined>,
): Promise<RefusedOutcome[]> {
  const refused: RefusedOutcome[] = []
  for (const one of fresh) {
    const error = await keep([{ work, fresh: [one], isReleased: false }])
    if (!error) continue
    const { index, message, outcome } = one
    refused.push({ work, message, outcome, error })
    const instead = failedInstead(outcome, error)
    work.replace(index, instead)
    const failed = { index, message, outcome: instead }
    const again = await keep([{ work, fresh: [failed], isReleased: false }])
    if (again) work.giveUp(index, `the outcome of ${message.messageId}: ${String(again)}`)
  }
  if (isReleased) await keep([{ work, fresh: [], isReleased }])
  return refused
}

function checkpointOf({ work, fresh, isReleased }: WorkOutcomes): Checkpoint {
  return work.checkpoint(new Set(fresh.map(({ index }) => index)), isReleased)
}

function waitingOf({ work, fresh }: WorkOutcomes): WaitingMessage[] {
  const { envelopeId } = work.envelope
  return fresh.flatMap(({ later: entry }) => (entry ? { envelopeId, entry } : []))
}
