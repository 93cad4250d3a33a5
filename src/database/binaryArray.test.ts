import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeArray, UnfitParameter } from './binaryArray.ts'
import type { Database } from './database.ts'
import { openTestStore, type TestStore } from './testing/testStore.ts'

let store: TestStore
let database: Database

beforeAll(async () => {
  store = await openTestStore()
  database = store.link().database
})
afterAll(() => store.drop())

const ROUND_TRIP = {
  name: 'test.roundTrip',
  text: `select * from unnest($1::uuid[], $2::text[], $3::bytea[], $4::int[], $5::bigint[],
    $6::float8[]) as row (id, words, octets, small, big, real)`,
}

const row = fc.record({
  id: fc.uuid(),
  words: fc.option(fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0'))),
  octets: fc.option(fc.uint8Array({ maxLength: 300 }).map((octets) => Buffer.from(octets))),
  small: fc.option(fc.integer()),
  big: fc.option(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map(String)),
  real: fc.option(fc.double({ noNaN: true })),
})

test('arrays of each type return from the server unchanged, including null values', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 20 }), async (rows) => {
      const columns = [
        rows.map(({ id }) => id),
        rows.map(({ words }) => words),
        rows.map(({ octets }) => octets),
        rows.map(({ small }) => small),
        rows.map(({ big }) => big),
        rows.map(({ real }) => real),
      ]
      expect(await database.run(ROUND_TRIP, columns)).toEqual(rows)
    }),
    { numRuns: 50, interruptAfterTimeLimit: 8_000 },
  )
})

test('an array of any other type is encoded by the driver', async () => {
  const statement = { name: 'test.jsonb', text: 'select * from unnest($1::jsonb[]) as one' }
  expect(await database.run(statement, [['{"a":1}']])).toEqual([{ one: { a: 1 } }])
})

test.each(['', 'x', '0192d3a4-0000-7000-8000-00000000000', `${'0'.repeat(30)}zz`])(
  'encoding %j as a uuid throws UnfitParameter',
  (id) => {
    expect(() => encodeArray('uuid', [id])).toThrow(UnfitParameter)
  },
)

test.each([
  ['text', 5],
  ['bytea', 'x'],
  ['int', 2 ** 31],
  ['int', Number.NaN],
  ['int', 1.7],
  ['int', 'x'],
  ['float8', 'x'],
  ['bigint', ''],
  ['bigint', 1.5],
] as const)('%s[] with the value %j is rejected with SQLSTATE 22P02', async (type, value) => {
  const statement = { name: `test.${type}`, text: `select * from unnest($1::${type}[]) as one` }
  await expect(database.run(statement, [[value]])).rejects.toMatchObject({ sqlState: '22P02' })
})

test('the server rejects text that contains a NUL', async () => {
  const statement = { name: 'test.nul', text: 'select * from unnest($1::text[]) as one' }
  await expect(database.run(statement, [['a\0b']])).rejects.toMatchObject({ sqlState: '22021' })
})
