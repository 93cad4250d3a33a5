import type { LoadReport } from './loadReport.ts'
import { numberIn } from './messagePattern.ts'
import type { Witness } from './readWitness.ts'

/** Both ends of one run compared, message by message. Numbers are those of the run. */
export interface Reconciliation {
  /** Answered ESME_ROK, and never reached the SMSC. */
  readonly lost: readonly number[]
  /** Reached the SMSC more than once. */
  readonly duplicated: readonly number[]
  /** Refused, and yet they reached the SMSC: a customer that tries again sends twice. */
  readonly refusedYetSubmitted: readonly number[]
  /** Never answered, and they reached the SMSC: allowed, the customer cannot know. */
  readonly unknownSubmitted: readonly number[]
  /** message_ids that were answered ESME_ROK and have no receipt; empty when none was asked for. */
  readonly withoutReceipt: readonly string[]
  /** message_ids with more than one receipt. */
  readonly receiptedTwice: readonly string[]
  /** Receipts for message_ids that were never answered: of unknown ones, or somebody else's. */
  readonly receiptsOfUnknown: readonly string[]
  /** Messages of this run that the SMSC accepted. */
  readonly submitted: number
}

/** `receiptsAsked` is the run's registered_delivery being other than 0. */
export function reconcile(
  report: LoadReport,
  witness: Witness,
  receiptsAsked: boolean,
): Reconciliation {
  const submissions = new Map<number, number>()
  for (const { text } of witness.accepted.values()) {
    const n = numberIn(text, report.run)
    if (n !== undefined) submissions.set(n, (submissions.get(n) ?? 0) + 1)
  }
  const answered = [...report.answered]
  const refused = [...report.refused.values()].flat()
  const submitted = (n: number) => submissions.has(n)
  return {
    lost: answered.filter(([, n]) => !submitted(n)).map(([, n]) => n),
    duplicated: [...submissions].filter(([, times]) => times > 1).map(([n]) => n),
    refusedYetSubmitted: refused.filter(submitted),
    unknownSubmitted: report.unknown.filter(submitted),
    withoutReceipt: receiptsAsked
      ? answered.filter(([id]) => !report.receipts.has(id)).map(([id]) => id)
      : [],
    receiptedTwice: [...report.receipts].filter(([, { count }]) => count > 1).map(([id]) => id),
    receiptsOfUnknown: [...report.receipts.keys()].filter((id) => !report.answered.has(id)),
    submitted: submissions.size,
  }
}
