// Stores the outcomes of many envelopes in one transaction. If the database permanently refuses the
// batch, the batch is halved until the refused envelope is found. The outcomes of that envelope are
// then stored one at a time. A message whose outcome is refused fails instead, with a reason that
// contains none of the refused text. If the database refuses even that outcome, the envelope
// becomes a dead letter. If another worker owns an envelope by now, this process drops the
// envelope.

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
  /** Whether the messages without an outcome are left to other workers. */
  isReleased: boolean
}

export interface FreshOutcome {
  index: number
  message: EnvelopeMessage
  outcome: Outcome
  /** The row of the message in the table `later`, if the message must wait. */
  later?: LaterEntry
}

/** A message that must wait, with the envelope that it came from. */
export interface WaitingMessage {
  envelopeId: string
  entry: LaterEntry
}

/** Resolves to the ids of the envelopes that were stored, or to the error if it is permanent. */
export type KeepRows = (
  checkpoints: readonly Checkpoint[],
  waiting: readonly WaitingMessage[],
) => Promise<ReadonlySet<string> | Error>

/** A message whose outcome was refused. */
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
    if (again)
      work.giveUp(index, `the outcome of ${message.messageId} cannot be stored: ${String(again)}`)
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
