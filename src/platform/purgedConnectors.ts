import { connectorKind } from './connector.ts'
import type { PlatformChange } from './platformPlan.ts'

/** Returns the ids of the connectors whose waiting messages the changes discard. */
export function purgedConnectors(changes: readonly PlatformChange[]): string[] {
  return changes.flatMap(({ fields, id, kind }) => {
    if (kind !== connectorKind.kind) return []
    return fields.some(({ path, to }) => path === 'waiting' && to === 'purge') ? [id] : []
  })
}
