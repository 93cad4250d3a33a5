// Reads the figures of the whole platform for /metrics. Each figure is read by the module that owns
// its table. Only the exporters read these figures, every few seconds, and no message waits for
// them, so reading a figure may cost an index scan.

import { type HeldSlots, readHeldSlots } from '../../cluster/bindSlotTable.ts'
import { readLiveBinds } from '../../cluster/boundConnectorTable.ts'
import { countProcesses, type ProcessCount } from '../../cluster/processTable.ts'
import type { Database } from '../../database/database.ts'
import { connectorKind } from '../../platform/connector.ts'
import { readSpec } from '../../platform/readSpec.ts'
import { readResourcesOfKind } from '../../platform/resourceTable.ts'
import { countParkedReceipts } from '../../message/parkedReceiptTable.ts'
import { countWaiting } from '../../message/waitingMessageTable.ts'
import { readOutboxBacklog } from '../../outbox/outboxReportTable.ts'
import type { DeadLetterCount, QueueDepth, QueueUpkeep } from '../../queue/queue.ts'

export interface PlatformGauges {
  queues: readonly QueueDepth[]
  outboxPending: number
  outboxOldestAgeSeconds: number
  parkedReceipts: number
  laterMessages: number
  deadLetters: readonly DeadLetterCount[]
  /** Bind slots with an open bind. */
  boundSlots: readonly HeldSlots[]
  /** Bind slots that are leased. */
  heldSlots: readonly HeldSlots[]
  /** Bind slots that enabled connectors allow. */
  configuredSlots: readonly HeldSlots[]
  processes: readonly ProcessCount[]
}

/** Reads all figures one after another, so that reading never takes more than one connection. */
export async function readGauges(database: Database, upkeep: QueueUpkeep): Promise<PlatformGauges> {
  const { run } = database
  const queues = await upkeep.depths()
  const outbox = await readOutboxBacklog(run)
  const configuredSlots = await readConfiguredSlots(database)
  return {
    queues,
    outboxPending: outbox.pending,
    outboxOldestAgeSeconds: outbox.oldestAgeSeconds,
    parkedReceipts: await countParkedReceipts(run),
    laterMessages: await countWaiting(run),
    deadLetters: await upkeep.deadLetters(),
    boundSlots: await readLiveBinds(run),
    heldSlots: await readHeldBinds(run, configuredSlots),
    configuredSlots,
    processes: await countProcesses(run),
  }
}

/**
 * Resolves with the leased slots of enabled connectors. A worker also leases one slot of a disabled
 * connector, to handle the waiting messages of the connector. Such a slot is not counted, because
 * the worker opens no bind for it.
 */
async function readHeldBinds(
  run: Database['run'],
  configured: readonly HeldSlots[],
): Promise<HeldSlots[]> {
  const enabled = new Set(configured.map(({ connector }) => connector))
  return (await readHeldSlots(run)).filter(({ connector }) => enabled.has(connector))
}

/**
 * Resolves with the slots that enabled connectors allow. If a connector's row cannot be read by
 * this version of Signalbox, the connector is left out. The components that use the connector
 * report the error.
 */
async function readConfiguredSlots(database: Database): Promise<HeldSlots[]> {
  const rows = await readResourcesOfKind(database, connectorKind.kind)
  return rows.flatMap((row) => {
    const reading = readSpec(connectorKind, row)
    if (reading.kind === 'unreadable' || !reading.spec.enabled) return []
    return [{ connector: reading.spec.id, slots: reading.spec.binds }]
  })
}
