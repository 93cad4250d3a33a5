import type { Database } from '../database/database.ts'
import { timeOf } from './ids.ts'

const MESSAGE = {
  name: 'messages.oldest',
  // In the order of partitions, the first of the primary key.
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

/** Ids carry their time, so each is one look-up in a primary key. */
export async function readOldestMessages(run: Database['run']): Promise<OldestMessages> {
  const timeIn = ([row]: readonly { id: string }[]) => row && new Date(timeOf(row.id))
  return {
    messageAt: timeIn(await run<{ id: string }>(MESSAGE)),
    checkpointAt: timeIn(await run<{ id: string }>(CHECKPOINT)),
  }
}
