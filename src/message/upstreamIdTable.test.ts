import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Database } from '../database/database.ts'
import { openTestStore, type TestStore } from '../database/testing/testStore.ts'
import { newMessageId, upstreamId } from './ids.ts'
import { isInTime, isSameNumber } from './receiptMatch.ts'
import { findByUpstreamId, recordUpstreamIds } from './upstreamIdTable.ts'

const HOUR_MS = 3_600_000
let store: TestStore
let database: Database

beforeAll(async () => {
  store = await openTestStore()
  database = store.link().database
})
afterAll(() => store.drop())

test('the database and the memory of workers agree on what a receipt may be about', async () => {
  const nowMs = Date.now()
  const number = fc.constantFrom('', '345678', '2345678', '612345678', '31612345678', '49612345678')
  const submission = fc.record({ destination: number, ageMs: fc.integer({ min: 0, max: 20_000 }) })
  const receipt = fc.record({ destination: number, ageMs: fc.integer({ min: 0, max: 20_000 }) })
  let serial = 0
  await fc.assert(
    fc.asyncProperty(fc.array(submission, { maxLength: 6 }), receipt, async (all, said) => {
      const key = `agree-${serial++}`
      const rows = all.map(({ destination, ageMs }) => ({
        connector: 'sim',
        key,
        upstreamId: upstreamId(key),
        attempts: 0,
        segment: 0,
        messageId: newMessageId(),
        account: 'demo',
        destination,
        submittedAtMs: nowMs - ageMs,
      }))
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

test('an id given to thousands finds the newest, and no id finds nothing', async () => {
  const nowMs = Date.now()
  const rows = Array.from({ length: 3_000 }, (_, index) => ({
    connector: 'sim',
    key: '1',
    upstreamId: upstreamId('1'),
    attempts: 0,
    segment: 0,
    messageId: newMessageId(),
    account: 'demo',
    destination: '31612345678',
    submittedAtMs: nowMs - index,
  }))
  await recordUpstreamIds(database.run, [...rows, ...rows.map((row) => ({ ...row, key: '' }))])
  const asked = { connector: 'sim', key: '1', destination: '', receivedAtMs: nowMs }
  const matches = await findByUpstreamId(database.run, [asked, { ...asked, key: '' }], HOUR_MS)
  expect([...matches]).toEqual([
    [0, { kind: 'found', messageId: rows[0]?.messageId, submittedAtMs: nowMs }],
  ])
})
