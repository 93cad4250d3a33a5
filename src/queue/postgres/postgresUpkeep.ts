import type { DeadLetterCount, DeadLetters, QueueUpkeep } from '../queue.ts'
import type { SqlRunner } from './postgresQueue.ts'
import { QueueDepths } from './queueDepths.ts'
import {
  DEAD_LETTERS,
  FORGET_BATCHES,
  FORGET_DEAD_LETTERS,
  MESSAGES_ON,
  OLDEST_DEAD_LETTER,
  SET_ASIDE,
} from './queueTable.ts'

/**
 * How long a batch mark is kept after publication. A gateway retries a batch within seconds. One
 * hour is far longer than any deadline of publishOnce, plus the longest run time of a statement
 * that was sent before the deadline.
 */
const BATCH_MARK_HOURS = 1

/** Creates the store of the dead letters of all queues, on whichever system the queues are. */
export function postgresDeadLetters(sql: SqlRunner): DeadLetters {
  return {
    setAside: async (letters) => {
      if (letters.length === 0) return
      await sql.run(SET_ASIDE, [
        letters.map((letter) => letter.queue),
        letters.map((letter) => letter.payload),
        letters.map((letter) => letter.reason),
        letters.map((letter) => letter.receives),
      ])
    },
    deadLetters: () => sql.run<DeadLetterCount>(DEAD_LETTERS),
    oldestDeadLetterAt: async () => (await sql.run<{ at: Date }>(OLDEST_DEAD_LETTER))[0]?.at,
    forgetDeadLetters: async (olderThanDays, max) =>
      (await sql.run(FORGET_DEAD_LETTERS, [olderThanDays, max])).length,
  }
}

/**
 * Creates the upkeep of the queues on PostgreSQL. A process should create it once, because it
 * caches depths so that each reading is cheap.
 */
export function postgresUpkeep(sql: SqlRunner): QueueUpkeep {
  const depths = new QueueDepths(sql)
  return {
    ...postgresDeadLetters(sql),
    depths: () => depths.read(),
    messagesOn: async (queues) => {
      const [row] = await sql.run<{ messages: number }>(MESSAGES_ON, [queues])
      return row?.messages ?? 0
    },
    maintain: async ({ keepMarksOf, asOf }) => {
      await sql.run(FORGET_BATCHES, [BATCH_MARK_HOURS, asOf, keepMarksOf])
    },
  }
}
