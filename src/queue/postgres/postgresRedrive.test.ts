import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Database } from '../../database/database.ts'
import { openTestStore, type TestStore } from '../../database/testing/testStore.ts'
import { deadLettersIn, listDeadLetters } from '../deadLetterTable.ts'
import { PostgresQueue } from './postgresQueue.ts'
import { postgresRedrive } from './postgresRedrive.ts'
import { postgresUpkeep } from './postgresUpkeep.ts'

let store: TestStore
let database: Database
beforeAll(async () => {
  store = await openTestStore()
  database = store.link().database
})
afterAll(() => store.drop())

/** Sets one payload aside, and returns the letter as the caller of a redrive would pass it. */
async function setAside(queue: string, payload: Buffer, messages: number) {
  await deadLettersIn(database).setAside([{ queue, payload, reason: 'harm', receives: 3 }])
  const [letter] = await listDeadLetters(database.run, { queue, max: 1 })
  if (!letter) throw new Error('expected a letter')
  return { id: letter.id, queue, payload, messages }
}

test('a redriven letter leaves the dead letters and is received once', async () => {
  const { wakeUps } = store.link()
  const name = `test.${randomUUID()}`
  const letter = await setAside(name, Buffer.from('again'), 3)
  const redrive = postgresRedrive(database)
  const answers = await Promise.all([redrive([letter]), redrive([letter])])
  expect(answers.map((ids) => [...ids]).flat()).toEqual([letter.id])
  expect(await redrive([letter])).toEqual(new Set())
  expect(await postgresUpkeep(database).messagesOn([name])).toBe(3)
  expect(await listDeadLetters(database.run, { queue: name, max: 1 })).toEqual([])
  const queue = new PostgresQueue(database, wakeUps, 'one')
  const received = await queue.receive(name, 9, 60_000)
  expect(received).toMatchObject([{ payload: Buffer.from('again'), receives: 1 }])
})

test('a letter that cannot be published remains a dead letter', async () => {
  const name = `test.${randomUUID()}`
  const letter = await setAside(name, Buffer.from('again'), 1)
  // The column `messages` is an int.
  const refused = postgresRedrive(database)([{ ...letter, messages: 2 ** 40 }])
  await expect(refused).rejects.toThrow()
  expect(await listDeadLetters(database.run, { queue: name, max: 1 })).toHaveLength(1)
  expect(await postgresUpkeep(database).messagesOn([name])).toBe(0)
})
