import { afterAll, beforeAll, beforeEach } from 'vitest'
import type { Database } from '../../database/database.ts'
import { openTestStore, type TestStore } from '../../database/testing/testStore.ts'
import { deadLettersIn } from '../../queue/deadLetterTable.ts'

/** A database for the tests of one file. Each test begins without dead letters and envelopes. */
export function deadLetterStore() {
  let store: TestStore
  let database: Database
  beforeAll(async () => {
    store = await openTestStore()
    database = store.link().database
  })
  beforeEach(() =>
    database.pool.query('truncate dead_letters restart identity; truncate queue_envelopes'),
  )
  afterAll(() => store.drop())

  /** Stores payloads as dead letters of the queue, with the ids 1, 2, … */
  function setAside(queue: string, payloads: readonly Buffer[], receives = 1): Promise<void> {
    return deadLettersIn(database).setAside(
      payloads.map((payload) => ({ queue, payload, reason: 'harm', receives })),
    )
  }
  return { database: () => database, setAside }
}
