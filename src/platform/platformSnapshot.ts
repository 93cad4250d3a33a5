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

/** Pieces of this many characters, or a little more, take less than a millisecond each. */
const PIECE_CHARACTERS = 65_536

/** The text in pieces, each made when it is asked for. */
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
