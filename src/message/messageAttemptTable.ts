// The table of unfinished attempts (migration 0025): attempts after which the message was not yet
// in a final state. Each message has a fixed number of slots for its attempts (messageAttempt.ts).
// Attempts may be recorded repeatedly and in any order. Each slot keeps its newest attempt.

import type { Database } from '../database/database.ts'
import type { MessageId } from './ids.ts'
import { type MessageAttempt, newestPerSlot, slotOf } from './messageAttempt.ts'

type Run = Database['run']

const RECORD = {
  name: 'messageAttempts.record',
  text: `insert into message_attempts as a (message_id, slot, attempt, connector, first_at, at,
      command_status, due_at, throttled, unanswered, links_lost)
    select message_id, slot, attempt, connector, to_timestamp(first_at / 1000.0),
      to_timestamp(at / 1000.0), command_status, to_timestamp(due_at / 1000.0), throttled,
      unanswered, links_lost
    from unnest($1::uuid[], $2::int[], $3::int[], $4::text[], $5::float8[], $6::float8[],
      $7::bigint[], $8::float8[], $9::int[], $10::int[], $11::int[])
      as given (message_id, slot, attempt, connector, first_at, at, command_status, due_at,
        throttled, unanswered, links_lost)
    on conflict (message_id, slot) do update set attempt = excluded.attempt,
      connector = excluded.connector, first_at = excluded.first_at, at = excluded.at,
      command_status = excluded.command_status, due_at = excluded.due_at,
      throttled = excluded.throttled, unanswered = excluded.unanswered,
      links_lost = excluded.links_lost
    where (excluded.attempt, excluded.at) > (a.attempt, a.at)`,
}

export async function recordAttempts(run: Run, given: readonly MessageAttempt[]): Promise<void> {
  if (given.length === 0) return
  const attempts = newestPerSlot(given)
  await run(RECORD, [
    attempts.map((one) => one.messageId),
    attempts.map(slotOf),
    attempts.map((one) => one.attempt),
    attempts.map((one) => one.connector),
    attempts.map((one) => one.firstAtMs),
    attempts.map((one) => one.atMs),
    attempts.map((one) => one.commandStatus),
    attempts.map((one) => one.dueAtMs),
    attempts.map((one) => one.throttled),
    attempts.map((one) => one.unanswered),
    attempts.map((one) => one.linksLost),
  ])
}

const READ = {
  name: 'messageAttempts.read',
  text: `select message_id as "messageId", attempt, connector, command_status::float8
      as "commandStatus", (extract(epoch from first_at) * 1000)::float8 as "firstAtMs",
      (extract(epoch from at) * 1000)::float8 as "atMs",
      (extract(epoch from due_at) * 1000)::float8 as "dueAtMs",
      throttled, unanswered, links_lost as "linksLost"
    from message_attempts where message_id = $1 order by attempt`,
}

/** Reads the stored attempts of a message, oldest first. */
export function readAttempts(run: Run, messageId: MessageId): Promise<MessageAttempt[]> {
  return run<MessageAttempt>(READ, [messageId])
}
