import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDatabase } from '../../database/database.ts'
import { openTestStore, type TestStore } from '../../database/testing/testStore.ts'
import { ensurePartitionsFor } from '../../database/partitionTable.ts'
import { firstIdAt, type MessageId } from '../../message/ids.ts'
import { recordFacts } from '../../message/messageTable.ts'
import type { MessageFacts } from '../../message/stateChanges.ts'
import { numberForms } from '../../message/numberForms.ts'
import type { MessagePage } from './messagePage.ts'
import { messageSearch, type MessageQuery } from './searchMessages.ts'

const HOUR_MS = 3_600_000
const NOW_MS = Math.floor(Date.now() / HOUR_MS) * HOUR_MS
const HOURS = 60
const RANGE = { fromMs: NOW_MS - (HOURS + 1) * HOUR_MS, toMs: NOW_MS + 1, limit: 100 }

let store: TestStore
let search: (query: Partial<MessageQuery>) => Promise<MessagePage>

/** One message per hour, newest first. */
const messages = Array.from({ length: HOURS }, (_, hour) => factsAt(NOW_MS - hour * HOUR_MS, hour))

beforeAll(async () => {
  store = await openTestStore()
  const { database } = store.link()
  const times = messages.map(({ acceptedAtMs }) => acceptedAtMs)
  await ensurePartitionsFor(database, times)
  await recordFacts(database.run, messages)
  const find = messageSearch({ database })
  search = async (query) => {
    const page = await find({ ...RANGE, ...query })
    if (page === 'busy') throw new Error('no other search is running')
    return page
  }
})
afterAll(() => store.drop())

function factsAt(atMs: number, n: number): MessageFacts {
  return {
    // The id is a UUIDv7 that contains this time.
    messageId: `${firstIdAt(atMs).slice(0, 14)}7000-8000-00000000000a` as MessageId,
    account: n % 2 === 0 ? 'even' : 'odd',
    user: 'u',
    connector: 'north',
    sourceAddr: n % 10 === 0 ? '+4366012345' : 'Shop',
    destinationAddr: `316000000${String(n % 20).padStart(2, '0')}`,
    submitSm: Buffer.alloc(1),
    registeredDelivery: 0,
    acceptedAtMs: atMs,
    attempts: 0,
  }
}

const idsOf = (page: MessagePage) => page.messages.map(({ messageId }) => messageId)
const idsAt = (...hours: number[]) => hours.map((hour) => messages[hour]?.messageId)

test('messages are found by any spelling of the destination, newest first', async () => {
  for (const typed of ['31600000003', '+31 600 000 003', '0031600000003']) {
    const page = await search({ number: numberForms(typed) })
    expect(idsOf(page)).toEqual(idsAt(3, 23, 43))
    expect(page).toMatchObject({ stopped: undefined, next: undefined })
  }
  expect(idsOf(await search({ number: numberForms('3160000000') }))).toEqual([])
})

test('messages are found by source number or by source name', async () => {
  const all = idsAt(0, 10, 20, 30, 40, 50)
  expect(idsOf(await search({ number: numberForms('+43 660 12345') }))).toEqual(all)
  expect((await search({ number: numberForms('Shop') })).messages).toHaveLength(54)
  expect((await search({ number: numberForms('shop') })).messages).toHaveLength(0)
})

test('a search can be limited by account, state and time', async () => {
  const number = numberForms('31600000003')
  expect(idsOf(await search({ number, account: 'even' }))).toEqual([])
  expect(idsOf(await search({ number, state: 2 }))).toEqual([])
  const fromMs = NOW_MS - 23 * HOUR_MS
  expect(idsOf(await search({ number, state: 1, fromMs }))).toEqual(idsAt(3, 23))
  expect(idsOf(await search({ number, fromMs, toMs: NOW_MS - 3 * HOUR_MS }))).toEqual(idsAt(23))
})

test('pages contain each message exactly once, and the last page has no cursor', async () => {
  const seen: string[] = []
  let cursor: string | undefined
  let pages = 0
  do {
    const page = await search({ account: 'odd', limit: 7, cursor })
    expect(page.messages.length).toBe(page.next ? 7 : 2)
    expect(page.stopped).toBe(page.next && 'limit')
    if (page.next) expect(page.searchedBackTo).toBe(page.messages.at(-1)?.acceptedAt)
    seen.push(...idsOf(page))
    cursor = page.next
    pages++
  } while (cursor !== undefined)
  expect(pages).toBe(5)
  expect(seen).toEqual(messages.filter(({ account }) => account === 'odd').map(messageIdOf))
})

test('a page that holds exactly the remaining messages is the last page', async () => {
  const page = await search({ number: numberForms('31600000003'), limit: 3 })
  expect(idsOf(page)).toEqual(idsAt(3, 23, 43))
  expect(page.next).toBeUndefined()
})

test('a cursor outside the range does not extend the range', async () => {
  const cursor = firstIdAt(NOW_MS + 100 * HOUR_MS)
  const page = await search({ cursor, toMs: NOW_MS - 57 * HOUR_MS })
  expect(idsOf(page)).toEqual(idsAt(58, 59))
})

test('a search that runs out of time returns a cursor that continues the search', async () => {
  const { database } = store.link()
  const late = messageSearch({ database, budgetMs: 0 })
  const query = { ...RANGE, number: numberForms('31600000003') }
  const page = await late(query)
  expect(page).toMatchObject({ messages: [], stopped: 'time' })
  if (page === 'busy') throw new Error('no other search is running')
  expect(page.searchedBackTo).toBe(new Date(RANGE.toMs).toISOString())
  expect(idsOf(await search({ ...query, cursor: page.next }))).toEqual(idsAt(3, 23, 43))
})

test('a statement that takes too long ends its search, and the next search succeeds', async () => {
  const client = await store.link().database.pool.connect()
  const database = openDatabase({
    databaseUrl: store.databaseUrl,
    poolSize: 1,
    applicationName: 'test',
  })
  try {
    // This lock makes the search wait, as a slow disk would.
    await client.query('begin')
    await client.query('set local idle_in_transaction_session_timeout = 0')
    await client.query('lock table messages in access exclusive mode')
    const page = await messageSearch({ database, budgetMs: 50 })(RANGE)
    expect(page).toMatchObject({ stopped: 'time', messages: [] })
    await client.query('rollback')
    expect(idsOf(await search({ limit: 1 }))).toEqual(idsAt(0))
  } finally {
    client.release(true)
    await database.close()
  }
})

test('a search is refused as busy while the maximum number of searches is running', async () => {
  const find = messageSearch({ database: store.link().database, searchesMax: 2 })
  const [first, second, third] = await Promise.all([find(RANGE), find(RANGE), find(RANGE)])
  expect(third).toBe('busy')
  for (const page of [first, second]) expect(page).toMatchObject({ stopped: undefined })
  expect(await find(RANGE)).not.toBe('busy')
})

function messageIdOf({ messageId }: MessageFacts): MessageId {
  return messageId
}
