import type { Database } from '../../database/database.ts'
import { takeDeadLetters } from '../deadLetterTable.ts'
import type { Redrive } from '../queue.ts'
import { PUBLISH } from './queueTable.ts'

/**
 * Redrives dead letters in one transaction, so that a letter is in exactly one place. Consumers are
 * not woken: they find the envelopes at their next poll, within a second.
 */
export function postgresRedrive(database: Pick<Database, 'transaction'>): Redrive {
  return (letters) =>
    database.transaction(async (run) => {
      const ids = await takeDeadLetters(
        run,
        letters.map(({ id }) => id),
      )
      const taken = letters.filter(({ id }) => ids.has(id))
      if (taken.length > 0)
        await run(PUBLISH, [
          taken.map(({ queue }) => queue),
          taken.map(({ payload }) => payload),
          taken.map(({ messages }) => messages),
        ])
      return ids
    })
}
