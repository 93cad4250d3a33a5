import type { LoadReport } from './loadReport.ts'
import { numberIn } from './messagePattern.ts'
import type { Witness } from './readWitness.ts'

/**
 * A comparison of the load generator's report with the SMSC's file, message by message. Messages
 * are identified by their numbers in the run.
 */
export interface Reconciliation {
  /** Messages that were answered with ESME_ROK and never reached the SMSC. */
  readonly lost: readonly number[]
  /** Messages that reached the SMSC more than once. */
  readonly duplicated: readonly number[]
  /** Refused messages that reached the SMSC. A customer that retries would send them twice. */
  readonly refusedYetSubmitted: readonly number[]
  /** Unanswered messages that reached the SMSC. This is allowed. */
  readonly unknownSubmitted: readonly number[]
  /**
   * The message_ids of accepted messages without a receipt. Empty if no receipts were requested.
   */
  readonly withoutReceipt: readonly string[]
  /** The message_ids with more than one receipt. */
  readonly receiptedTwice: readonly string[]
  /** The message_ids of receipts for messages that got no answer or came from another sender. */
  readonly receiptsOfUnknown: readonly string[]
  /** The number of messages of this run that the SMSC accepted. */
  readonly submitted: number
}

/** @param receiptsAsked whether the run requested receipts with its registered_delivery */
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
