// The text in which a follower keeps its rows between two starts of its process. It holds rows as
// they are stored, so that the next version of a component reads them with its own schemas.

import { z } from 'zod'
import type { ResourceRow } from './resourceRow.ts'

export interface PlatformSnapshot {
  readonly revision: number
  readonly rows: readonly ResourceRow[]
}

const snapshotSchema = z.object({
  revision: z.number(),
  rows: z.array(
    z.object({
      kind: z.string(),
      id: z.string(),
      spec: z.unknown(),
      revision: z.number(),
      deleted: z.boolean(),
    }),
  ),
})

export function snapshotText(snapshot: PlatformSnapshot): string {
  return JSON.stringify(snapshot)
}

/** Throws if the text is not a snapshot. */
export function parseSnapshot(text: string): PlatformSnapshot {
  return snapshotSchema.parse(JSON.parse(text))
}
