import { expect, test } from 'vitest'
import { claimEnvelopes, envelopeOwners } from '../../message/checkpointTable.ts'
import { newMessageId } from '../../message/ids.ts'
import { encodeEnvelope, submitQueue } from '../../queue/envelopeWire.ts'
import { deadLettersIn } from '../../queue/deadLetterTable.ts'
import { postgresRedrive } from '../../queue/postgres/postgresRedrive.ts'
import { postgresUpkeep } from '../../queue/postgres/postgresUpkeep.ts'
import type { Redrive } from '../../queue/queue.ts'
import { deadLetterStore } from './deadLetters.fixture.ts'
import { redriveDeadLetters, type RedriveSelection } from './redriveDeadLetters.ts'

const HOUR_MS = 3_600_000
const SUBMIT = submitQueue('north', 'normal')
const GARBAGE = Buffer.from('garbage')

const { database, setAside } = deadLetterStore()

function envelope(envelopeId: string = newMessageId()): Buffer {
  const message = {
    messageId: newMessageId(),
    account: 'bank',
    user: 'bank',
    acceptedAtMs: Date.now(),
    attempts: 0,
    body: Buffer.from('body'),
    registeredDelivery: 1,
  }
  const messages = [message, { ...message, messageId: newMessageId() }]
  return encodeEnvelope({ envelopeId, connector: 'north', lane: 'normal', messages })
}

async function redriven(
  selection: RedriveSelection,
  { redrive = postgresRedrive(database()), laterMs = 0 } = {},
) {
  const counted: [string, number][] = []
  const answer = await redriveDeadLetters(
    {
      run: database().run,
      redrive,
      onRedriven: (queue, letters) => counted.push([queue, letters]),
      nowMs: () => Date.now() + laterMs,
    },
    selection,
  )
  return { ...answer, counted }
}

function messagesOn(queue: string): Promise<number> {
  return postgresUpkeep(database()).messagesOn([queue])
}

test('the oldest letters of a queue are redriven first, up to the limit', async () => {
  await setAside(SUBMIT, [GARBAGE])
  await setAside('dlr', [GARBAGE])
  await setAside(
    SUBMIT,
    Array.from({ length: 120 }, () => GARBAGE),
  )
  expect(await redriven({ queue: SUBMIT, max: 2 })).toEqual({
    redriven: 2,
    kept: [],
    counted: [[SUBMIT, 2]],
  })
  const { rows } = await database().pool.query('select min(id)::int as first from dead_letters')
  expect(rows).toEqual([{ first: 2 }])
  expect((await redriven({ queue: SUBMIT, max: 1000 })).redriven).toBe(119)
  expect((await redriven({ queue: SUBMIT, max: 1000 })).redriven).toBe(0)
  expect(await messagesOn(SUBMIT)).toBe(121)
  expect(await deadLettersIn(database()).deadLetters()).toEqual([{ queue: 'dlr', letters: 1 }])
})

test('letters are redriven by id, and letters that cannot be redriven are reported', async () => {
  await setAside('journal', [GARBAGE])
  await setAside('test.queue', [GARBAGE])
  const { kept, ...answer } = await redriven({ ids: ['01', '1', '2', '77'] })
  expect(answer).toEqual({ redriven: 1, counted: [['journal', 1]] })
  expect(kept).toMatchObject([
    { id: '77', code: 'missing' },
    { id: '2', code: 'other_queue' },
  ])
})

test('an envelope that no worker has claimed is redriven with all its messages', async () => {
  await setAside(SUBMIT, [envelope()])
  expect((await redriven({ queue: SUBMIT, max: 1 })).redriven).toBe(1)
  expect(await messagesOn(SUBMIT)).toBe(2)
})

test('an envelope that a worker has claimed is kept', async () => {
  const [owner, claimed] = [newMessageId(), newMessageId()]
  await envelopeOwners(database(), 'workers-1').appear(owner)
  await claimEnvelopes(database(), owner, [{ envelopeId: claimed, begins: true }])
  await setAside(SUBMIT, [envelope(claimed), envelope(claimed.toUpperCase()), envelope()])
  const { kept, redriven: count } = await redriven({ queue: SUBMIT, max: 3 })
  expect(count).toBe(1)
  expect(kept).toMatchObject([
    { id: '1', code: 'perhaps_submitted' },
    { id: '2', code: 'perhaps_submitted' },
  ])
})

test('an old envelope is kept, unless it is unreadable or was never received', async () => {
  await setAside(SUBMIT, [envelope()])
  await setAside(SUBMIT, [envelope()], 0)
  await setAside(SUBMIT, [GARBAGE])
  const late = await redriven({ queue: SUBMIT, max: 3 }, { laterMs: 24 * HOUR_MS })
  expect(late.redriven).toBe(2)
  expect(late.kept).toMatchObject([{ id: '1', code: 'perhaps_submitted' }])
})

test('an error is thrown, unless some letters have been redriven already', async () => {
  await setAside(
    'dlr',
    Array.from({ length: 60 }, () => GARBAGE),
  )
  const away = new Error('the database() is away')
  let calls = 0
  const redrive: Redrive = (letters) =>
    ++calls === 2 ? Promise.reject(away) : postgresRedrive(database())(letters)
  const selection = { queue: 'dlr', max: 60 }
  expect(await redriven(selection, { redrive })).toMatchObject({
    redriven: 50,
    stopped: 'the database() is away',
  })
  await expect(redriven(selection, { redrive: () => Promise.reject(away) })).rejects.toBe(away)
})
