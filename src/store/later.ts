import type { Database } from './database.ts'

// What must wait for another attempt lies here, not in a process: envelopes with the queue they
// return to and when. Moving back is one statement, so an envelope is in one place or the other.

export interface LaterEntry {
  dueAtMs: number
  queue: string
  payload: Buffer
  messages: number
}

const PUT = {
  name: 'later.put',
  text: `insert into later (due_at, queue, payload, messages)
    select to_timestamp(due / 1000.0), queue, payload, messages
    from unnest($1::float8[], $2::text[], $3::bytea[], $4::int[])
      as entry (due, queue, payload, messages)`,
}

export async function putLater(database: Database, entries: readonly LaterEntry[]) {
  if (entries.length === 0) return
  await database.run(PUT, [
    entries.map((entry) => entry.dueAtMs),
    entries.map((entry) => entry.queue),
    entries.map((entry) => entry.payload),
    entries.map((entry) => entry.messages),
  ])
}

const TAKE_DUE = {
  name: 'later.takeDue',
  text: `select id, queue, payload, messages from later where due_at <= now()
    order by due_at limit $1 for update skip locked`,
}
const REMOVE = { name: 'later.remove', text: 'delete from later where id = any($1::bigint[])' }

export interface DueEntry {
  id: string
  queue: string
  payload: Buffer
  messages: number
}

/**
 * Hands what is due to `publish` and removes it once that has resolved. Other processes skip it
 * meanwhile. A crash in between publishes again: an envelope keeps its id, so its checkpoint knows.
 */
export async function moveDue(
  database: Database,
  max: number,
  publish: (entries: DueEntry[]) => Promise<void>,
): Promise<number> {
  return database.transaction(async (run) => {
    const due = await run<DueEntry>(TAKE_DUE, [max])
    if (due.length === 0) return 0
    await publish(due)
    await run(REMOVE, [due.map((entry) => entry.id)])
    return due.length
  })
}
