// The snapshot: a text in which a process keeps its copy of the platform's rows until it is started
// again. The rows have their stored form, so that another version of the component can read them
// with its own schemas.

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

/** Creating a piece of about this many characters takes less than a millisecond. */
const PIECE_CHARACTERS = 65_536

/** Generates the text in pieces. Each piece is created on demand. */
export function* snapshotPieces(
  revision: number,
  rows: Iterable<ResourceRow>,
): Generator<string, undefined> {
  let piece = `{"revision":${revision},"rows":[`
  let separator = ''
  for (const row of rows) {
    piece += separator + JSON.stringify(row)
    separator = ','
    if (piece.length < PIECE_CHARACTERS) continue
    yield piece
    piece = ''
  }
  yield `${piece}]}`
  return undefined
}

/** Throws if the text is not a snapshot. */
export function parseSnapshot(text: string): PlatformSnapshot {
  return snapshotSchema.parse(JSON.parse(text))
}
