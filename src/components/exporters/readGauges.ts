// Figures of the whole platform for /metrics, each read from the room that owns it. They are read
// every few seconds and only by the exporters, so they may cost an index scan; no message waits for
// them.

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
  /** Bind slots whose bind is up. */
  boundSlots: readonly HeldSlots[]
  /** Bind slots that a process holds now. */
  heldSlots: readonly HeldSlots[]
  /** Bind slots that enabled connectors allow. */
  configuredSlots: readonly HeldSlots[]
  processes: readonly ProcessCount[]
}

/** One after the other, so that this never takes more than one connection. */
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

/** One slot of a disabled connector is held too, but for its messages and not for a bind. */
async function readHeldBinds(
  run: Database['run'],
  configured: readonly HeldSlots[],
): Promise<HeldSlots[]> {
  const enabled = new Set(configured.map(({ connector }) => connector))
  return (await readHeldSlots(run)).filter(({ connector }) => enabled.has(connector))
}

/** A row that this version cannot read is left out; the components that follow it report it. */
async function readConfiguredSlots(database: Database): Promise<HeldSlots[]> {
  const rows = await readResourcesOfKind(database, connectorKind.kind)
  return rows.flatMap((row) => {
    const reading = readSpec(connectorKind, row)
    if (reading.kind === 'unreadable' || !reading.spec.enabled) return []
    return [{ connector: reading.spec.id, slots: reading.spec.binds }]
  })
}
