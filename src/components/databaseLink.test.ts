import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDatabase, QueryRefused, StoreUnavailable } from '../database/database.ts'
import { openTestStore, type TestStore } from '../database/testing/testStore.ts'
import { besideOutages } from './databaseLink.ts'

let store: TestStore
beforeAll(async () => {
  store = await openTestStore()
})
afterAll(() => store.drop())

/** Opens a database. `said` records each failure and each recovery that the database reports. */
function followed(databaseUrl: string) {
  const said: string[] = []
  const outage = {
    failed: (error: Error) => void said.push(`failed: ${error.constructor.name}`),
    recovered: () => void said.push('recovered'),
  }
  const database = openDatabase({ databaseUrl, poolSize: 1, applicationName: 'test', outage })
  return { database, said }
}

const ONE = { name: 'one', text: 'select 1' }

test('every answer of the database is reported as a recovery, even a refused query', async () => {
  const { database, said } = followed(store.databaseUrl)
  await database.run(ONE)
  await database.transaction((run) => run(ONE))
  const bad = { name: 'bad', text: 'select 1 / 0' }
  await expect(database.run(bad)).rejects.toThrow(QueryRefused)
  expect(said).toEqual(['recovered', 'recovered', 'recovered'])
  await database.close()
})

test('an unreachable database is reported for queries and for transactions', async () => {
  const { database, said } = followed('postgres://nobody:none@127.0.0.1:1/none')
  await expect(database.run(ONE)).rejects.toThrow(StoreUnavailable)
  await expect(database.transaction((run) => run(ONE))).rejects.toThrow(StoreUnavailable)
  expect(said).toEqual(['failed: StoreUnavailable', 'failed: StoreUnavailable'])
  await database.close()
})

test('besideOutages reports every error except an unavailable database', () => {
  const reported: string[] = []
  const report = besideOutages({ report: (what) => void reported.push(what) })
  const away = new StoreUnavailable('away')
  report('a', away)
  report('b', new Error('the checkpoint cannot be read', { cause: away }))
  report('c', new QueryRefused('refused', '22P02', { cause: undefined }))
  report('d', new Error('a defect'))
  expect(reported).toEqual(['c', 'd'])
})
