// Dead letters: envelopes and items that could not be processed. They are stored in one PostgreSQL
// table, whichever queue system is used. The PostgreSQL adapter stores a dead letter in the same
// statement that removes its envelope. Other adapters first store the dead letter and then remove
// the envelope.

import type { Database } from '../database/database.ts'
import type { DeadLetterCount, DeadLetters, DeadLetterSummary, StoredDeadLetter } from './queue.ts'

type Run = Database['run']

/** The beginning of a statement that stores dead letters. The rows follow. */
export const INSERT_DEAD_LETTERS = 'insert into dead_letters (queue, payload, reason, receives)'

const SET_ASIDE = {
  name: 'deadLetters.setAside',
  text: `${INSERT_DEAD_LETTERS}
    select * from unnest($1::text[], $2::bytea[], $3::text[], $4::int[])`,
}
const COUNT = {
  name: 'deadLetters.count',
  // `pg` returns the bigint result of count() as text. The cast turns it into a number.
  text: 'select queue, count(*)::float8 as letters from dead_letters group by queue',
}
const OLDEST_AT = {
  name: 'deadLetters.oldestAt',
  text: 'select at from dead_letters order by id limit 1',
}
const FORGET = {
  name: 'deadLetters.forget',
  // Ids increase with time, so the oldest rows come first in the primary key.
  text: `delete from dead_letters
    where id = any(array(select id from dead_letters order by id limit $2))
      and at < now() - $1 * interval '1 day'
    returning id`,
}

/** The dead letters of all queues. */
export function deadLettersIn({ run }: Pick<Database, 'run'>): DeadLetters {
  return {
    setAside: async (letters) => {
      if (letters.length === 0) return
      await run(SET_ASIDE, [
        letters.map((letter) => letter.queue),
        letters.map((letter) => letter.payload),
        letters.map((letter) => letter.reason),
        letters.map((letter) => letter.receives),
      ])
    },
    deadLetters: () => run<DeadLetterCount>(COUNT),
    oldestDeadLetterAt: async () => (await run<{ at: Date }>(OLDEST_AT))[0]?.at,
    forgetDeadLetters: async (olderThanDays, max) =>
      (await run(FORGET, [olderThanDays, max])).length,
  }
}

const SUMMARY = 'id, queue, reason, receives, at, octet_length(payload) as octets'
const LETTER = 'id, queue, payload, reason, receives, at'

const LIST = {
  name: 'deadLetters.list',
  text: `select ${SUMMARY} from dead_letters where id < $1::bigint order by id desc limit $2`,
}
const LIST_OF_QUEUE = {
  name: 'deadLetters.listOfQueue',
  text: `select ${SUMMARY} from dead_letters where queue = $3 and id < $1::bigint
    order by id desc limit $2`,
}
const AFTER_ALL = '9223372036854775807'

export interface DeadLetterQuery {
  /** All queues if missing. */
  readonly queue?: string | undefined
  /** Lists only letters with a lower id than this one. */
  readonly before?: string | undefined
  readonly max: number
}

/** Lists dead letters without their payloads, newest first. */
export function listDeadLetters(run: Run, query: DeadLetterQuery): Promise<DeadLetterSummary[]> {
  const { before = AFTER_ALL, max, queue } = query
  return queue === undefined
    ? run<DeadLetterSummary>(LIST, [before, max])
    : run<DeadLetterSummary>(LIST_OF_QUEUE, [before, max, queue])
}

const READ = {
  name: 'deadLetters.read',
  text: `select ${LETTER} from dead_letters where id = any($1::bigint[]) order by id`,
}

/** Reads these dead letters, oldest first. Letters that no longer exist are left out. */
export function readDeadLetters(run: Run, ids: readonly string[]): Promise<StoredDeadLetter[]> {
  return run<StoredDeadLetter>(READ, [ids])
}

const NEWEST = {
  name: 'deadLetters.newest',
  text: 'select id from dead_letters order by id desc limit 1',
}

/** The id of the newest dead letter; undefined if there are no dead letters. */
export async function newestDeadLetter(run: Run): Promise<string | undefined> {
  return (await run<{ id: string }>(NEWEST))[0]?.id
}

const NEXT = {
  name: 'deadLetters.next',
  text: `select ${LETTER} from dead_letters
    where queue = $1 and id > $2::bigint and id <= $3::bigint order by id limit $4`,
}

/** Part of the dead letters of one queue, in the order of their ids. */
export interface DeadLetterRange {
  readonly queue: string
  /** The range starts after this id. */
  readonly after: string
  /** The range ends with this id. */
  readonly upTo: string
  readonly max: number
}

/** Reads the first dead letters of a range, oldest first. */
export function nextDeadLetters(run: Run, range: DeadLetterRange): Promise<StoredDeadLetter[]> {
  return run<StoredDeadLetter>(NEXT, [range.queue, range.after, range.upTo, range.max])
}

const TAKE = {
  name: 'deadLetters.take',
  // A letter that another transaction is taking is skipped, so that two operators who redrive the
  // same letters neither wait for each other nor publish a letter twice.
  text: `delete from dead_letters where id = any(array(
      select id from dead_letters where id = any($1::bigint[]) order by id for update skip locked))
    returning id`,
}

/** Deletes dead letters that are being redriven, and resolves with the ids of those it deleted. */
export async function takeDeadLetters(run: Run, ids: readonly string[]): Promise<Set<string>> {
  return new Set((await run<{ id: string }>(TAKE, [ids])).map(({ id }) => id))
}
