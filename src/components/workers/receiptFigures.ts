// Counters of the receipts that one process received, in plain numbers that are cheap to update for
// each receipt. The metrics read them at each scrape.

import { Histogram } from '../../flow/histogram.ts'
import { isFinal, type MessageState } from '../../message/messageProgress.ts'
import type { UpstreamReceipt } from '../../message/receiptWire.ts'
import { STAGE_SECONDS } from '../../runtime/metricDefinition.ts'

interface OfConnector {
  readonly states: Map<MessageState, number>
  readonly submitToReceiptSeconds: Histogram
}

export class ReceiptFigures {
  unprocessable = 0
  mobileOriginatedRefused = 0
  readonly byConnector = new Map<string, OfConnector>()

  /**
   * @param submittedAtMs when the message was written to the socket, if this process remembers it
   */
  addDurable(
    { connector, messageState, receivedAtMs }: UpstreamReceipt,
    submittedAtMs: number | undefined,
  ): void {
    const { states, submitToReceiptSeconds } = this.#figuresOf(connector)
    states.set(messageState, (states.get(messageState) ?? 0) + 1)
    if (submittedAtMs !== undefined && isFinal(messageState))
      submitToReceiptSeconds.observe((receivedAtMs - submittedAtMs) / 1_000)
  }

  #figuresOf(connector: string): OfConnector {
    let figures = this.byConnector.get(connector)
    if (!figures) {
      figures = { states: new Map(), submitToReceiptSeconds: new Histogram(STAGE_SECONDS) }
      this.byConnector.set(connector, figures)
    }
    return figures
  }
}
