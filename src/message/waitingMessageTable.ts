import type { Database } from '../database/database.ts'

// Messages that wait for another attempt lie here, not in a process: as envelopes, with the queue
// they return to and the time. Each envelope has its id from the start, so that it can be put here
// and published any number of times and still exists once.

export interface LaterEntry {
  envelopeId: string
  dueAtMs: number
  queue: string
  payload: Buffer
  messages: number
}

const PUT = {
  name: 'later.put',
  // By the clock of the database, which says when it is due: the writer's may differ.
  text: `insert into later (envelope_id, due_at, queue, payload, messages)
    select id, now() + in_ms * interval '1 ms', queue, payload, messages
    from unnest($1::uuid[], $2::float8[], $3::text[], $4::bytea[], $5::int[])
      as entry (id, in_ms, queue, payload, messages)
    on conflict do nothing`,
}

/** @param nowMs by the clock that set the times of the entries */
export async function putLater(
  run: Database['run'],
  entries: readonly LaterEntry[],
  nowMs = Date.now(),
): Promise<void> {
  if (entries.length === 0) return
  await run(PUT, [
    entries.map((entry) => entry.envelopeId),
    entries.map((entry) => entry.dueAtMs - nowMs),
    entries.map((entry) => entry.queue),
    entries.map((entry) => entry.payload),
    entries.map((entry) => entry.messages),
  ])
}

const DUE = {
  name: 'later.due',
  text: `select envelope_id as "envelopeId", queue, payload, messages from later
    where due_at <= now() order by due_at limit $1`,
}
const REMOVE = {
  name: 'later.remove',
  text: 'delete from later where envelope_id = any($1::uuid[])',
}

export type DueEntry = Omit<LaterEntry, 'dueAtMs'>

/**
 * Hands each due envelope to `publish`, which must publish it once however often it is called, and
 * then removes it. Returns how many were due. Several processes may do so at once.
 */
export async function moveDue(
  database: Database,
  max: number,
  publish: (entry: DueEntry) => Promise<void>,
): Promise<number> {
  const due = await database.run<DueEntry>(DUE, [max])
  await Promise.all(due.map(publish))
  if (due.length > 0) await database.run(REMOVE, [due.map((entry) => entry.envelopeId)])
  return due.length
}

const COUNT = {
  name: 'later.count',
  // sum() is a bigint, which `pg` hands out as text: the cast makes a number of it.
  text: `select coalesce(sum(messages), 0)::float8 as messages from later
    where $1::text[] is null or queue = any($1::text[])`,
}

/** Messages that wait for another attempt, of these queues or of all. */
export async function countWaiting(
  run: Database['run'],
  queues?: readonly string[],
): Promise<number> {
  const [row] = await run<{ messages: number }>(COUNT, [queues ?? null])
  return row?.messages ?? 0
}
