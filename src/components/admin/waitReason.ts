import { readLiveBinds } from '../../cluster/boundConnectorTable.ts'
import type { Database } from '../../database/database.ts'
import { connectorKind } from '../../platform/connector.ts'
import { connectorState } from '../../platform/connectorAction.ts'
import { readSpec } from '../../platform/readSpec.ts'
import { readResourcesOfKind } from '../../platform/resourceTable.ts'

interface WaitingMessage {
  readonly connector: string
  readonly attempts: number
  readonly submitted_at: Date | null
}

/** Why a message without an end is not there yet, as far as the database knows. */
export async function waitReason(
  database: Database,
  { attempts, connector: id, submitted_at }: WaitingMessage,
): Promise<string> {
  if (submitted_at) return `for the receipt of ${id}`
  const rows = await readResourcesOfKind(database, connectorKind.kind)
  const row = rows.find((one) => one.id === id)
  const reading = row && readSpec(connectorKind, row)
  if (reading?.kind !== 'read') return `connector ${id} does not exist or cannot be read`
  const state = connectorState(reading.spec)
  if (state !== 'enabled') return `connector ${id} is ${state}`
  const binds = (await readLiveBinds(database.run)).find(({ connector }) => connector === id)
  if (!binds) return `connector ${id} has no bind up; \`signalbox status\` shows why`
  return attempts > 0
    ? `for another attempt, after ${attempts} that ${id} refused or did not answer`
    : `for its turn on the queue of ${id}`
}
