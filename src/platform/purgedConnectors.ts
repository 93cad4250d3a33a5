import { connectorKind } from './connector.ts'
import type { PlatformChange } from './platformPlan.ts'

/** The connectors whose waiting messages the changes give up for good. */
export function purgedConnectors(changes: readonly PlatformChange[]): string[] {
  return changes.flatMap(({ fields, id, kind }) => {
    if (kind !== connectorKind.kind) return []
    return fields.some(({ path, to }) => path === 'waiting' && to === 'purge') ? [id] : []
  })
}
