import assert from 'node:assert'
import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Database } from '../database/database.ts'
import { ensurePartitionsFor } from '../database/partitionTable.ts'
import { openTestStore, type TestStore } from '../database/testing/testStore.ts'
import { type MessageId, newMessageId, upstreamId } from './ids.ts'
import { readMessage, recordFacts } from './messageTable.ts'
import { isInTime, isSameNumber } from './receiptMatch.ts'
import type { MessageFacts, UpstreamIdRow } from './stateChanges.ts'
import { findByUpstreamId, recordUpstreamIds } from './upstreamIdTable.ts'

const HOUR_MS = 3_600_000
let store: TestStore
let database: Database

beforeAll(async () => {
  store = await openTestStore()
  database = store.link().database
})
afterAll(() => store.drop())

test('the database and the workers use the same rules to match a receipt', async () => {
  const nowMs = Date.now()
  const number = fc.constantFrom('', '345678', '2345678', '612345678', '31612345678', '49612345678')
  const submitted = fc.record({ destination: number, ageMs: fc.integer({ min: 0, max: 20_000 }) })
  const receipt = fc.record({ destination: number, ageMs: fc.integer({ min: 0, max: 20_000 }) })
  let serial = 0
  await fc.assert(
    fc.asyncProperty(fc.array(submitted, { maxLength: 6 }), receipt, async (all, said) => {
      const key = `agree-${serial++}`
      const rows = all.map(({ destination, ageMs }) =>
        submission({ key, destination, submittedAtMs: nowMs - ageMs }),
      )
      await recordUpstreamIds(database.run, rows)
      const receivedAtMs = nowMs - said.ageMs
      const asked = { connector: 'sim', key, destination: said.destination, receivedAtMs }
      const match = (await findByUpstreamId(database.run, [asked], HOUR_MS)).get(0)
      const fitting = rows
        .filter((row) => isSameNumber(row.destination, said.destination))
        .filter((row) => isInTime(row.submittedAtMs, receivedAtMs))
      const newestMs = Math.max(...fitting.map((row) => row.submittedAtMs))
      const newest = fitting.filter((row) => row.submittedAtMs === newestMs)
      if (match?.kind === 'found')
        expect(newest.map(({ messageId }) => messageId)).toContain(match.messageId)
      else expect(newest).toEqual([])
    }),
  )
})

function submission(fields: Partial<UpstreamIdRow> = {}): UpstreamIdRow {
  const key = randomUUID()
  return {
    connector: 'sim',
    key,
    upstreamId: upstreamId(fields.key ?? key),
    attempts: 0,
    segment: 0,
    messageId: newMessageId(),
    account: 'demo',
    destination: '',
    submittedAtMs: Date.now(),
    ...fields,
  }
}

test('a message is found only if it was submitted within the given time', async () => {
  const receivedAtMs = Date.now()
  const [recent, late, tooLate] = [0.5, 3, 5].map((hours) =>
    submission({ submittedAtMs: receivedAtMs - hours * HOUR_MS }),
  )
  assert(recent && late && tooLate)
  await recordUpstreamIds(database.run, [recent, late, tooLate])
  const keys = [tooLate, late, recent].map(({ connector, key, destination }) => ({
    connector,
    key,
    destination,
    receivedAtMs,
  }))
  // An older receipt in the same batch must not extend the search for the other receipts.
  const older = { ...submission(), receivedAtMs: receivedAtMs - 2 * HOUR_MS }
  const matches = await findByUpstreamId(database.run, [...keys, older], 4 * HOUR_MS)
  expect(matches.get(0)).toBeUndefined()
  expect(matches.get(1)).toMatchObject({ kind: 'found', messageId: late.messageId })
  expect(matches.get(2)).toMatchObject({ kind: 'found', messageId: recent.messageId })
})

test('an id is ambiguous if messages of two accounts had it within the given time', async () => {
  const receivedAtMs = Date.now()
  const find = async (hoursAgo: number) => {
    const young = submission({ account: 'one' })
    const submittedAtMs = receivedAtMs - hoursAgo * HOUR_MS
    await ensurePartitionsFor(database, [submittedAtMs])
    const old = submission({ key: young.key, account: 'two', submittedAtMs })
    await recordUpstreamIds(database.run, [young, old])
    const { connector, key, destination } = young
    const asked = { connector, key, destination, receivedAtMs }
    return (await findByUpstreamId(database.run, [asked], 72 * HOUR_MS)).get(0)?.kind
  }
  expect(await find(0.5)).toBe('ambiguous')
  expect(await find(71)).toBe('ambiguous')
  expect(await find(73)).toBe('found')
})

test('recordUpstreamIds can be repeated, and returns each message without a row once', async () => {
  const one = submission()
  const known = submission()
  await recordFacts(database.run, [factsOfMessage(known)])
  const missing = await recordUpstreamIds(database.run, [one, known, one])
  expect([...missing]).toEqual([one.messageId])
  await recordUpstreamIds(database.run, [one])
  const { connector, key, destination } = one
  const asked = { connector, key, destination, receivedAtMs: Date.now() }
  expect((await findByUpstreamId(database.run, [asked], HOUR_MS)).get(0)).toMatchObject({
    kind: 'found',
    messageId: one.messageId,
  })
})

test("a message's last submission is stored without updating the message's row", async () => {
  const first = submission({ attempts: 1, submittedAtMs: Date.now() - 1_000 })
  const { messageId } = first
  await recordFacts(database.run, [factsOfMessage(first)])
  const rowBefore = await placeOf(messageId)
  const last = submission({
    messageId,
    connector: 'other',
    attempts: 2,
    key: '255',
    upstreamId: upstreamId('FF'),
  })
  await recordUpstreamIds(database.run, [last, first])
  expect(await readMessage(database, messageId)).toMatchObject({
    connector: 'other',
    upstream_id: 'FF',
    attempts: 2,
    submitted_at: new Date(last.submittedAtMs),
  })
  expect(await placeOf(messageId)).toBe(rowBefore)
})

function factsOfMessage({ messageId, account }: UpstreamIdRow): MessageFacts {
  return {
    messageId,
    account,
    user: 'demo',
    connector: 'sim',
    sourceAddr: 'shop',
    destinationAddr: '31612345678',
    submitSm: Buffer.alloc(1),
    registeredDelivery: 1,
    acceptedAtMs: Date.now(),
    attempts: 0,
  }
}

/** Returns where the row is stored. The place changes with each update of the row. */
async function placeOf(messageId: MessageId): Promise<string | undefined> {
  const text = 'select ctid::text as place from messages where message_id = $1'
  return (await database.pool.query<{ place: string }>(text, [messageId])).rows[0]?.place
}

test('an id of thousands of messages finds the newest, and an empty id finds none', async () => {
  const nowMs = Date.now()
  const rows = Array.from({ length: 3_000 }, (_, index) =>
    submission({ key: '1', destination: '31612345678', submittedAtMs: nowMs - index }),
  )
  await recordUpstreamIds(database.run, [...rows, ...rows.map((row) => ({ ...row, key: '' }))])
  const asked = { connector: 'sim', key: '1', destination: '', receivedAtMs: nowMs }
  const matches = await findByUpstreamId(database.run, [asked, { ...asked, key: '' }], HOUR_MS)
  expect([...matches]).toEqual([
    [0, { kind: 'found', messageId: rows[0]?.messageId, submittedAtMs: nowMs }],
  ])
})
