import type { Database } from '../database/database.ts'
import { timeOf } from './ids.ts'

const MESSAGE = {
  name: 'messages.oldest',
  // The server reads the partitions in order, so this is one look-up in the oldest partition.
  text: 'select message_id as id from messages order by message_id limit 1',
}
const CHECKPOINT = {
  name: 'checkpoints.oldest',
  text: 'select envelope_id as id from checkpoints order by envelope_id limit 1',
}

export interface OldestMessages {
  readonly messageAt: Date | undefined
  readonly checkpointAt: Date | undefined
}

/**
 * Reads the times of the oldest message and the oldest checkpoint. Ids contain their creation time,
 * so each query is one look-up in a primary key.
 */
export async function readOldestMessages(run: Database['run']): Promise<OldestMessages> {
  const timeIn = ([row]: readonly { id: string }[]) => row && new Date(timeOf(row.id))
  return {
    messageAt: timeIn(await run<{ id: string }>(MESSAGE)),
    checkpointAt: timeIn(await run<{ id: string }>(CHECKPOINT)),
  }
}
