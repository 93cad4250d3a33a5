import type { MessageState } from '../smpp/index.ts'
import type { LatencySummary } from './histogram.ts'
import type { Silence } from './silences.ts'

/** The result of a run of the load generator, in plain values that other processes can read. */
export interface LoadReport {
  /** The name of this run. The text of message n contains the reference `run-n.`. */
  readonly run: string
  readonly sent: number
  /** The number of each accepted message, by the message_id in its answer. */
  readonly answered: ReadonlyMap<string, number>
  /** Each message_id that the peer issued a second time, which is a bug of the peer. */
  readonly repeatedIds: readonly string[]
  /** The numbers of refused messages by the name of the command_status. */
  readonly refused: ReadonlyMap<string, readonly number[]>
  /** The numbers of messages without an answer, because of a lost link or a time-out. */
  readonly unknown: readonly number[]
  /** The number of answers that arrived after the time-out. Their messages count as answered. */
  readonly late: number
  /** The number of answers by the name of the command_status, including repeated submissions. */
  readonly answers: ReadonlyMap<string, number>
  /** The number of times that a message was throttled and sent again. */
  readonly throttled: number
  readonly reconnects: number
  readonly receipts: ReadonlyMap<string, ReceiptsOfOne>
  /** The number of deliver_sm that were not receipts. */
  readonly incoming: number
  /** The time from a submit_sm to its answer, or, with a rate, from when the message was due. */
  readonly latency: LatencySummary
  readonly firstSentAtMs: number
  readonly lastAnsweredAtMs: number
  readonly lastReceiptAtMs: number
  /** The number of answers and of receipts in each second, from the start of the run. */
  readonly answeredPerSecond: readonly number[]
  readonly receiptsPerSecond: readonly number[]
  /** Periods without an accepted message, and periods without a receipt, in epoch ms. */
  readonly answerSilences: readonly Silence[]
  readonly receiptSilences: readonly Silence[]
  /** Whether every accepted message has a receipt. True if no receipts were requested. */
  readonly complete: boolean
}

export interface ReceiptsOfOne {
  /** The state in the last receipt that contained a state. */
  state: MessageState | undefined
  count: number
}
