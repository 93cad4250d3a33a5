import { afterAll, beforeAll } from 'vitest'
import { openTestStore, type TestStore } from '../../database/testing/testStore.ts'
import { PostgresQueue } from './postgresQueue.ts'
import { postgresUpkeep } from './postgresUpkeep.ts'
import { queueSuite, type QueueUnderTest } from '../queue.suite.ts'

let store: TestStore
let under: QueueUnderTest

beforeAll(async () => {
  store = await openTestStore()
  const adapter = (instance: string) => {
    const { database, wakeUps } = store.link()
    return new PostgresQueue(database, wakeUps, instance)
  }
  const upkeep = postgresUpkeep(store.link().database)
  under = { queue: adapter('one'), other: adapter('two'), upkeep }
})
afterAll(() => store.drop())

queueSuite(() => under)
