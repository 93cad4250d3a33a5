import type { Database } from '../database/database.ts'

// One row per envelope that a worker has begun, with the outcome of each message so far. A worker
// reads it first when an envelope comes again, so that no answered message is sent twice.

export interface Checkpoint {
  envelopeId: string
  outcomes: Buffer
}

const WRITE = {
  name: 'checkpoints.write',
  text: `insert into checkpoints (envelope_id, outcomes)
    select * from unnest($1::uuid[], $2::bytea[])
    on conflict (envelope_id) do update set outcomes = excluded.outcomes, updated_at = now()`,
}
const READ = {
  name: 'checkpoints.read',
  text: 'select outcomes from checkpoints where envelope_id = $1',
}
const REMOVE = {
  name: 'checkpoints.remove',
  text: 'delete from checkpoints where envelope_id = any($1::uuid[])',
}

export async function writeCheckpoints(run: Database['run'], rows: readonly Checkpoint[]) {
  if (rows.length === 0) return
  await run(WRITE, [rows.map((row) => row.envelopeId), rows.map((row) => row.outcomes)])
}

export async function readCheckpoint(
  database: Database,
  envelopeId: string,
): Promise<Buffer | undefined> {
  const [row] = await database.run<{ outcomes: Buffer }>(READ, [envelopeId])
  return row?.outcomes
}

export async function removeCheckpoints(database: Database, envelopeIds: readonly string[]) {
  if (envelopeIds.length > 0) await database.run(REMOVE, [envelopeIds])
}

const REMOVE_OLD = {
  name: 'checkpoints.removeOld',
  text: `delete from checkpoints where updated_at < now() - interval '7 days'`,
}

/** A checkpoint goes when its envelope is settled; crashes leave some behind. */
export async function removeOldCheckpoints(database: Database): Promise<void> {
  await database.run(REMOVE_OLD)
}
