import { expect, test } from 'vitest'
import { upstreamId } from '../../message/ids.ts'
import { encodeReceipts } from '../../message/receiptWire.ts'
import { postgresRedrive } from '../../queue/postgres/postgresRedrive.ts'
import { postgresUpkeep } from '../../queue/postgres/postgresUpkeep.ts'
import { MESSAGE_STATE } from '../../smpp/receipts/messageState.ts'
import { call, memoryStore, startServer } from './adminServer.fixture.ts'
import { deadLetterStore } from './deadLetters.fixture.ts'
import { queueDesk } from './queueDesk.ts'

const RECEIPT = {
  connector: 'north',
  upstreamId: upstreamId('UP-1'),
  destination: '',
  messageState: MESSAGE_STATE.DELIVERED,
  error: '000',
  receivedAtMs: Date.parse('2026-12-01T08:00:00.000Z'),
  message: undefined,
}

const { database, setAside } = deadLetterStore()

function start() {
  const upkeep = postgresUpkeep(database())
  const redrive = postgresRedrive(database())
  const desk = queueDesk({ database: database(), upkeep, redrive, onRedriven: () => undefined })
  return startServer(memoryStore(), undefined, desk)
}

test('the queues are listed with their depths and dead letters', async () => {
  const server = start()
  expect((await call(server, 'GET', '/queues')).answer).toEqual([])
  await setAside('dlr', [Buffer.from('a'), Buffer.from('b')])
  await setAside('submit.a.high', [Buffer.from('a')])
  await call(server, 'POST', '/dead-letters/redrive', { ids: ['1'] })
  const counts = { oldestAgeSeconds: expect.any(Number), deadLetters: 1 }
  expect((await call(server, 'GET', '/queues')).answer).toEqual([
    { ...counts, queue: 'dlr', envelopes: 1, messages: 1 },
    { ...counts, queue: 'submit.a.high', envelopes: 0, messages: 0 },
  ])
})

test('dead letters are listed page by page and by queue', async () => {
  await setAside('dlr', [Buffer.from('a'), Buffer.from('bb')])
  await setAside('journal', [Buffer.from('c')])
  const server = start()
  const first = await call(server, 'GET', '/dead-letters?limit=2')
  expect(first.answer).toMatchObject({
    deadLetters: [
      { id: '3', queue: 'journal' },
      { id: '2', queue: 'dlr', octets: 2, reason: 'harm', receives: 1 },
    ],
    next: '2',
  })
  const second = await call(server, 'GET', '/dead-letters?limit=2&cursor=2')
  expect(second.answer).toMatchObject({ deadLetters: [{ id: '1' }] })
  expect(second.answer).not.toHaveProperty('next')
  const ofQueue = await call(server, 'GET', '/dead-letters?queue=journal&limit=1')
  expect(ofQueue.answer).toMatchObject({ deadLetters: [{ id: '3' }] })
})

test('a dead letter is shown with 100 items, or 64 octets of an unreadable payload', async () => {
  await setAside('dlr', [encodeReceipts(Array.from({ length: 101 }, () => RECEIPT))])
  await setAside('dlr', [Buffer.alloc(80, 'x')])
  const server = start()
  const item = { kind: 'receipt', connector: 'north', upstreamId: 'UP-1' }
  const readable = await call(server, 'GET', '/dead-letters/1')
  expect(readable.answer).toMatchObject({
    id: '1',
    content: { kind: 'receipts', count: 101, items: Array.from({ length: 100 }, () => item) },
  })
  const { answer } = await call(server, 'GET', '/dead-letters/2')
  expect(answer).toMatchObject({
    octets: 80,
    content: {
      kind: 'unreadable',
      error: 'Error: the octets are not valid msgpack',
      firstOctets: '78'.repeat(64),
    },
  })
})

test('an unknown dead letter gets 404, and an invalid id gets 422', async () => {
  const server = start()
  const missing = await call(server, 'GET', '/dead-letters/7')
  expect(missing.status).toBe(404)
  expect(missing.answer).toMatchObject({
    detail: 'there is no dead letter 7: it was redriven, or its retention ended',
  })
  const invalid = await call(server, 'GET', '/dead-letters/seven')
  expect(invalid.status).toBe(422)
  expect(invalid.answer).toMatchObject({
    detail: expect.stringContaining('the number of a dead letter, such as 17'),
  })
})

test('a redrive returns the number of redriven letters and the letters it kept', async () => {
  await setAside('dlr', [Buffer.from('a'), Buffer.from('b')])
  const server = start()
  const byId = await call(server, 'POST', '/dead-letters/redrive', { ids: ['2', '9'] })
  expect(byId.answer).toMatchObject({ redriven: 1, kept: [{ id: '9', code: 'missing' }] })
  const ofQueue = await call(server, 'POST', '/dead-letters/redrive', { queue: 'dlr', max: 5 })
  expect(ofQueue).toMatchObject({ status: 200, answer: { redriven: 1, kept: [] } })
})

test.each([
  [{}, 'give either ids, or queue and optionally max'],
  [{ max: 3 }, 'give either ids, or queue and optionally max'],
  [{ ids: ['1'], queue: 'dlr' }, 'give either ids, or queue and optionally max'],
  [{ queue: 'test.queue' }, 'dead letters of test.queue cannot be redriven'],
  [{ ids: ['x'] }, 'the number of a dead letter'],
  [{ queue: 'dlr', max: 1001 }, 'max'],
])('the redrive request %j is refused', async (body, detail) => {
  const { answer, status } = await call(start(), 'POST', '/dead-letters/redrive', body)
  expect(status).toBe(422)
  expect(answer).toMatchObject({ detail: expect.stringContaining(detail) })
})
