import { messageStateName } from '../../message/messageProgress.ts'
import type { Metrics, Reading } from '../../runtime/metrics.ts'
import { commandStatusName } from '../../smpp/index.ts'
import type { ConnectorPool } from './connectorPool.ts'
import type { OutcomeWriter } from './outcomeWriter.ts'
import type { ReceiptIntake } from './receiptIntake.ts'
import type { StrandedMessages } from './strandedMessages.ts'
import { WORKER_METRICS } from './workerMetrics.ts'

export interface MeasuredWork {
  readonly pool: ConnectorPool
  readonly intake: ReceiptIntake
  readonly writer: OutcomeWriter
  readonly stranded: StrandedMessages
}

/** Registers the metrics of the workers. All values are read at each scrape. */
export function registerWorkerMetrics(metrics: Metrics, work: MeasuredWork): void {
  const { intake, pool, stranded, writer } = work
  registerSubmissions(metrics, pool)
  registerReceipts(metrics, intake)
  metrics.readEach(WORKER_METRICS.binds, () => byConnector(pool.boundByConnector()))
  metrics.readEach(WORKER_METRICS.pace, () => byConnector(pool.paceByConnector()))
  metrics.read(WORKER_METRICS.refusedOutcomes, () => writer.counters.refused)
  metrics.readEach(WORKER_METRICS.strandedMessages, () => byConnector(stranded.endedByConnector))
}

function registerSubmissions(metrics: Metrics, pool: ConnectorPool): void {
  metrics.readEach(WORKER_METRICS.outcomes, function* () {
    for (const [connector, { outcomes }] of pool.figuresByConnector())
      for (const [result, count] of Object.entries(outcomes)) yield [{ connector, result }, count]
  })
  metrics.readEach(WORKER_METRICS.resubmitted, function* () {
    for (const [connector, { resubmitted }] of pool.figuresByConnector())
      for (const [cause, count] of Object.entries(resubmitted)) yield [{ connector, cause }, count]
  })
  metrics.readEach(WORKER_METRICS.responses, function* () {
    for (const [connector, { responses }] of pool.figuresByConnector())
      for (const [status, count] of responses)
        yield [{ connector, command_status: commandStatusName(status) }, count]
  })
  metrics.readHistograms(WORKER_METRICS.responseSeconds, function* () {
    for (const [connector, { responseSeconds }] of pool.figuresByConnector())
      yield [{ connector }, responseSeconds]
  })
  metrics.readHistograms(WORKER_METRICS.submitSeconds, function* () {
    for (const [connector, { acceptToSubmitSeconds }] of pool.figuresByConnector())
      yield [{ connector }, acceptToSubmitSeconds]
  })
}

function registerReceipts(metrics: Metrics, { figures }: ReceiptIntake): void {
  metrics.readEach(WORKER_METRICS.receipts, function* () {
    for (const [connector, { states }] of figures.byConnector)
      for (const [state, count] of states)
        yield [{ connector, message_state: messageStateName(state) ?? String(state) }, count]
  })
  metrics.readHistograms(WORKER_METRICS.receiptSeconds, function* () {
    for (const [connector, { submitToReceiptSeconds }] of figures.byConnector)
      yield [{ connector }, submitToReceiptSeconds]
  })
  metrics.read(WORKER_METRICS.unprocessableReceipts, () => figures.unprocessable)
  metrics.read(WORKER_METRICS.refusedMobileOriginated, () => figures.mobileOriginatedRefused)
}

function* byConnector(values: Iterable<[string, number]>): Iterable<Reading<'connector'>> {
  for (const [connector, value] of values) yield [{ connector }, value]
}
