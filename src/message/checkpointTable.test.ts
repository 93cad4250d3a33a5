import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import type { Database } from '../database/database.ts'
import { encodeOutcomes } from './outcomeWire.ts'
import { openTestStore, type TestStore } from '../database/testing/testStore.ts'
import {
  type Checkpoint,
  claimEnvelopes,
  type EnvelopeClaim,
  envelopeOwners,
  finishEnvelopes,
  releaseEnvelopes,
  removeOldCheckpoints,
  writeCheckpoints,
} from './checkpointTable.ts'

const NOTHING = Buffer.alloc(0)
const NO_OUTCOMES = encodeOutcomes([])
const ONE = randomUUID()
const TWO = randomUUID()

let store: TestStore
let database: Database
let one: ReturnType<typeof envelopeOwners>
let two: ReturnType<typeof envelopeOwners>

beforeAll(async () => {
  store = await openTestStore()
  database = store.link().database
  one = envelopeOwners(database, 'workers-1')
  two = envelopeOwners(database, 'workers-2')
})
afterAll(() => store.drop())
beforeEach(async () => {
  await database.pool.query('truncate checkpoints, envelope_owners')
  await one.appear(ONE)
  await two.appear(TWO)
})

async function claim(
  owner: string,
  envelopeId: string,
  begins = true,
): Promise<EnvelopeClaim | undefined> {
  return (await claimEnvelopes(database, owner, [{ envelopeId, begins }])).get(envelopeId)
}

function write(row: Partial<Checkpoint> & Pick<Checkpoint, 'envelopeId' | 'owner'>) {
  const rest = { outcomes: Buffer.from('kept'), unanswered: NOTHING, isReleased: false }
  return writeCheckpoints(database.run.bind(database), [{ ...rest, ...row }])
}

test('an envelope has one owner, and a claim by any other process returns "held"', async () => {
  const id = randomUUID()
  const kept = { outcomes: NO_OUTCOMES, unanswered: NOTHING, takeovers: 0 }
  const fresh = { owner: ONE, ...kept, hasBegun: true }
  expect(await claim(ONE, id)).toEqual({ kind: 'claimed', ...fresh, isTakenOver: false })
  expect(await claim(TWO, id)).toEqual({ kind: 'held' })
  expect(await claim(ONE, id)).toMatchObject({ kind: 'claimed', takeovers: 0 })
})

test('concurrent claims by two processes give each envelope exactly one owner', async () => {
  const ids = Array.from({ length: 50 }, () => randomUUID())
  const wanted = ids.map((envelopeId) => ({ envelopeId, begins: true }))
  const [ofOne, ofTwo] = await Promise.all([
    claimEnvelopes(database, ONE, wanted),
    claimEnvelopes(store.link().database, TWO, wanted.toReversed()),
  ])
  const either = new Set(['claimed', 'held'])
  for (const id of ids) expect(new Set([ofOne.get(id)?.kind, ofTwo.get(id)?.kind])).toEqual(either)
})

test('a claim waits for a concurrent claim of the same envelope, then returns "held"', async () => {
  const id = randomUUID()
  await one.leave(ONE)
  const other = await database.pool.connect()
  await other.query('begin')
  await other.query(`insert into envelope_owners (owner, instance) values ($1, 'workers-1')`, [ONE])
  await other.query(`insert into checkpoints (envelope_id, owner, outcomes) values ($1, $2, '')`, [
    id,
    ONE,
  ])
  const waiting = claim(TWO, id)
  const blocked = `select from pg_stat_activity where wait_event_type = 'Lock'`
  await vi.waitUntil(async () => (await database.pool.query(blocked)).rowCount === 1)
  await other.query('commit')
  other.release()
  expect(await waiting).toEqual({ kind: 'held' })
})

test('an owner can release only its own envelopes', async () => {
  const [mine, theirs] = [randomUUID(), randomUUID()]
  await claim(ONE, mine)
  await claim(TWO, theirs)
  await releaseEnvelopes(database, ONE, [mine, theirs])
  expect(await claim(TWO, mine)).toMatchObject({ kind: 'claimed', isTakenOver: false })
  expect(await claim(ONE, theirs)).toEqual({ kind: 'held' })
})

test('only the owner can write outcomes, and the next owner reads them', async () => {
  const id = randomUUID()
  await claim(ONE, id)
  const unanswered = Buffer.from('counts')
  expect(await write({ envelopeId: id, owner: ONE, unanswered })).toEqual(new Set([id]))
  expect(await write({ envelopeId: id, owner: TWO })).toEqual(new Set())
  await one.leave(ONE)
  expect(await claim(TWO, id)).toEqual({
    kind: 'claimed',
    owner: TWO,
    outcomes: Buffer.from('kept'),
    unanswered,
    takeovers: 1,
    hasBegun: true,
    isTakenOver: true,
  })
  expect(await write({ envelopeId: id, owner: ONE })).toEqual(new Set())
})

test('claiming a released envelope does not count as a takeover', async () => {
  const id = randomUUID()
  await claim(ONE, id)
  await write({ envelopeId: id, owner: ONE, isReleased: true })
  expect(await claim(TWO, id)).toMatchObject({ kind: 'claimed', takeovers: 0, isTakenOver: false })
})

test('an owner that sent another heartbeat after it was checked is not disowned', async () => {
  const [seen] = await two.others(TWO)
  expect(seen).toMatchObject({ owner: ONE })
  expect(await one.beat(ONE)).toBe(true)
  await two.disown(seen ? [seen] : [])
  expect(await one.beat(ONE)).toBe(true)
  await two.disown(await two.others(TWO))
  expect(await one.beat(ONE)).toBe(false)
})

test('a starting process frees the envelopes of its predecessor with the same name', async () => {
  const id = randomUUID()
  await claim(ONE, id)
  await one.appear(randomUUID())
  expect(await claim(TWO, id)).toMatchObject({ kind: 'claimed', isTakenOver: true })
})

test('a finished envelope is never claimed again', async () => {
  const id = randomUUID()
  await claim(ONE, id)
  await write({ envelopeId: id, owner: ONE })
  await finishEnvelopes(database, [id])
  for (const owner of [ONE, TWO]) expect(await claim(owner, id)).toEqual({ kind: 'finished' })
  await one.leave(ONE)
  expect(await claim(TWO, id)).toEqual({ kind: 'finished' })
})

test('rows of finished envelopes are kept for a day, other rows for at least 30 days', async () => {
  const row = `insert into checkpoints (envelope_id, outcomes, updated_at, finished_at)
    values (uuid_at(now() - $1::interval), '', now() - $2::interval, now() - $3::interval)`
  await database.pool.query(row, ['3 days', '23 hours', '23 hours'])
  await database.pool.query(row, ['30 days', '30 days', null])
  expect(await removeOldCheckpoints(database, 10)).toBe(0)
  await database.pool.query(row, ['4 days', '25 hours', '25 hours'])
  expect(await removeOldCheckpoints(database, 10)).toBe(1)
})

test('a checkpoint written by an older version has no owner and can be claimed', async () => {
  const id = randomUUID()
  await database.pool.query(`insert into checkpoints (envelope_id, outcomes) values ($1, 'kept')`, [
    id,
  ])
  expect(await claim(ONE, id)).toMatchObject({ kind: 'claimed', outcomes: Buffer.from('kept') })
})

test('a claim counts as a takeover only if the dead owner could submit messages', async () => {
  const id = randomUUID()
  expect(await claim(ONE, id, false)).toMatchObject({ kind: 'claimed', hasBegun: false })
  await one.leave(ONE)
  const untouched = { kind: 'claimed', takeovers: 0, isTakenOver: false, hasBegun: true }
  expect(await claim(TWO, id)).toMatchObject(untouched)
  expect(await claim(TWO, id, false)).toMatchObject({ hasBegun: true })
  await two.leave(TWO)
  await one.appear(ONE)
  const takenOver = { takeovers: 1, isTakenOver: true, hasBegun: false }
  expect(await claim(ONE, id, false)).toMatchObject(takenOver)
})
