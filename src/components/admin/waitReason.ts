import { readLiveBinds } from '../../cluster/boundConnectorTable.ts'
import type { Database } from '../../database/database.ts'
import type { MessageAttempt } from '../../message/messageAttempt.ts'
import { unfinishedAttempt, type UnfinishedAttempt } from '../../message/unfinishedAttempt.ts'
import { connectorKind } from '../../platform/connector.ts'
import { connectorState } from '../../platform/connectorAction.ts'
import { readSpec } from '../../platform/readSpec.ts'
import { readResourcesOfKind } from '../../platform/resourceTable.ts'

interface WaitingMessage {
  readonly connector: string
  readonly submitted_at: Date | null
}

/** Returns what a message without a final state waits for, as far as the database shows. */
export async function waitReason(
  database: Database,
  { connector: id, submitted_at }: WaitingMessage,
  last?: MessageAttempt,
): Promise<string> {
  if (submitted_at) return `for a delivery receipt from connector ${id}`
  const rows = await readResourcesOfKind(database, connectorKind.kind)
  const row = rows.find((one) => one.id === id)
  const reading = row && readSpec(connectorKind, row)
  if (reading?.kind !== 'read') return `connector ${id} does not exist or cannot be read`
  const state = connectorState(reading.spec)
  if (state !== 'enabled') return `connector ${id} is ${state}`
  const binds = (await readLiveBinds(database.run)).find(({ connector }) => connector === id)
  if (!binds) return `connector ${id} has no open bind; \`signalbox status\` shows why`
  return waitsForAttempt(id, last && unfinishedAttempt(last), Date.now())
}

function waitsForAttempt(id: string, last: UnfinishedAttempt | undefined, nowMs: number): string {
  if (!last) return `for its turn in the queue of connector ${id}`
  const { attempt, dueAt, reason } = last
  const before = `attempt ${attempt} ended with ${reason}`
  if (dueAt !== undefined && Date.parse(dueAt) > nowMs)
    return `for another attempt, due at ${dueAt}; ${before}`
  return `for its turn in the queue of connector ${id}, or for an answer from it; ${before}`
}
