import { deadLettersIn } from '../deadLetterTable.ts'
import type { QueueUpkeep } from '../queue.ts'
import type { SqlRunner } from './postgresQueue.ts'
import { QueueDepths } from './queueDepths.ts'
import { FORGET_BATCHES, MESSAGES_ON } from './queueTable.ts'

/**
 * How long the mark that records the publication of a batch is kept. A gateway retries a batch
 * within seconds. One hour is far longer than any deadline of publishOnce, plus the longest run
 * time of a statement that was sent before the deadline.
 */
const BATCH_MARK_HOURS = 1

/**
 * Creates the upkeep of the queues on PostgreSQL. A process should create it once, because it
 * caches depths so that each reading is cheap.
 */
export function postgresUpkeep(sql: SqlRunner): QueueUpkeep {
  const depths = new QueueDepths(sql)
  return {
    ...deadLettersIn(sql),
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
