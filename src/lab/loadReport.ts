import type { MessageState } from '../smpp/index.ts'
import type { LatencySummary } from './histogram.ts'
import type { Silence } from './silences.ts'

/** The result of one run of the load generator, as plain values that other processes can read. */
export interface LoadReport {
  /** The name of this run in every text, `run-n.`. */
  readonly run: string
  readonly sent: number
  /** The message's number by the message_id of its ESME_ROK. */
  readonly answered: ReadonlyMap<string, number>
  /** A message_id that was given to a second message: a bug of the other side. */
  readonly repeatedIds: readonly string[]
  /** Numbers of messages by the name of the command_status that refused them. */
  readonly refused: ReadonlyMap<string, readonly number[]>
  /** Sent and never answered: the link was lost, or the answer did not come in time. */
  readonly unknown: readonly number[]
  /** Answers that came after their timer; they count as answered. */
  readonly late: number
  /** How often each command_status was answered, by its name; of messages sent again each time. */
  readonly answers: ReadonlyMap<string, number>
  /** How often a message was throttled and sent again. */
  readonly throttled: number
  readonly reconnects: number
  readonly receipts: ReadonlyMap<string, ReceiptsOfOne>
  /** deliver_sm that were no receipts. */
  readonly incoming: number
  /** From submit_sm (with a rate: from when it should have gone) to its answer. */
  readonly latency: LatencySummary
  readonly firstSentAtMs: number
  readonly lastAnsweredAtMs: number
  readonly lastReceiptAtMs: number
  /** Answers and receipts in each second of the run, from the first submit_sm on. */
  readonly answeredPerSecond: readonly number[]
  readonly receiptsPerSecond: readonly number[]
  /** Times in which no message was accepted, and in which no receipt came (epoch, ms). */
  readonly answerSilences: readonly Silence[]
  readonly receiptSilences: readonly Silence[]
  /** Every message answered ESME_ROK has a receipt, or none was asked for. */
  readonly complete: boolean
}

export interface ReceiptsOfOne {
  /** The state in the last receipt that had one. */
  state: MessageState | undefined
  count: number
}
