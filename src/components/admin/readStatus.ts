import { readLiveBinds } from '../../cluster/boundConnectorTable.ts'
import { processReport } from '../../cluster/processReport.ts'
import { type ListedProcess, listProcesses } from '../../cluster/processTable.ts'
import type { Database } from '../../database/database.ts'
import { countParkedReceipts } from '../../message/parkedReceiptTable.ts'
import { countWaitingByQueue } from '../../message/waitingMessageTable.ts'
import { readOutboxBacklog } from '../../outbox/outboxReportTable.ts'
import { type Connector, connectorKind } from '../../platform/connector.ts'
import { connectorState } from '../../platform/connectorAction.ts'
import { readSpec } from '../../platform/readSpec.ts'
import { readResourcesOfKind } from '../../platform/resourceTable.ts'
import { submitQueues } from '../../queue/envelopeWire.ts'
import type { QueueDepth, QueueUpkeep } from '../../queue/queue.ts'
import type { ConnectorLoad, PlatformStatus } from './platformStatus.ts'

const PROCESSES_MAX = 500

/**
 * Reads the parts of the status one after another, because the admin component has few connections.
 */
export async function readStatus(database: Database, upkeep: QueueUpkeep): Promise<PlatformStatus> {
  const { run } = database
  const processes = (await listProcesses(run, PROCESSES_MAX)).map(withReport)
  const gateways = processes.filter(({ component, isUp }) => component === 'gateway' && isUp)
  const queues = await upkeep.depths()
  return {
    at: new Date().toISOString(),
    processes: processes.map(({ report, startedAt, ...process }) => ({
      ...process,
      startedAt: startedAt.toISOString(),
      troubles: report.troubles,
    })),
    customers: gateways.flatMap(({ instance, report }) =>
      report.customers.map((customer) => ({ ...customer, gateway: instance })),
    ),
    moreCustomers: gateways.reduce((sum, { report }) => sum + report.moreCustomers, 0),
    connectors: await readConnectorLoads(database, queues),
    queues,
    outbox: await readOutboxBacklog(run),
    parkedReceipts: await countParkedReceipts(run),
    deadLetters: await upkeep.deadLetters(),
  }
}

/** Parses the report of a process. A report in an unknown format is treated as an empty report. */
function withReport({ report, ...process }: ListedProcess) {
  const reading = processReport.safeParse(report ?? {})
  return { ...process, report: reading.success ? reading.data : processReport.parse({}) }
}

async function readConnectorLoads(
  database: Database,
  queues: readonly QueueDepth[],
): Promise<ConnectorLoad[]> {
  const rows = await readResourcesOfKind(database, connectorKind.kind)
  const bound = new Map(
    (await readLiveBinds(database.run)).map(({ connector, slots }) => [connector, slots]),
  )
  const waiting = await countWaitingByQueue(database.run)
  const depths = new Map(queues.map((depth) => [depth.queue, depth]))
  return rows.flatMap((row) => {
    const reading = readSpec(connectorKind, row)
    if (reading.kind === 'unreadable') return []
    return [loadOf(reading.spec, { bindsUp: bound.get(reading.spec.id) ?? 0, depths, waiting })]
  })
}

interface Loads {
  readonly bindsUp: number
  readonly depths: ReadonlyMap<string, QueueDepth>
  readonly waiting: ReadonlyMap<string, number>
}

function loadOf(connector: Connector, { bindsUp, depths, waiting }: Loads): ConnectorLoad {
  const { binds, id } = connector
  const lanes = submitQueues(id)
  const sum = (of: (queue: string) => number) => lanes.reduce((all, queue) => all + of(queue), 0)
  return {
    id,
    state: connectorState(connector),
    binds,
    bindsUp,
    queuedMessages: sum((queue) => depths.get(queue)?.messages ?? 0),
    oldestAgeSeconds: Math.max(...lanes.map((queue) => depths.get(queue)?.oldestAgeSeconds ?? 0)),
    waitingMessages: sum((queue) => waiting.get(queue) ?? 0),
  }
}
