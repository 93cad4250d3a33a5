import { expect, test } from 'vitest'
import { MESSAGE_STATE } from '../../smpp/receipts/messageState.ts'
import { call, memoryStore, startServer } from './adminServer.fixture.ts'
import type { MessagePage } from './messagePage.ts'
import type { MessageQuery } from './searchMessages.ts'

const HOUR_MS = 3_600_000
const CURSOR = '01890a5d-ac96-774b-bcce-b302099a8057'

const page: MessagePage = {
  messages: [
    {
      messageId: CURSOR,
      acceptedAt: '2026-12-01T08:00:00.000Z',
      account: 'demo',
      user: 'alice',
      source: 'Shop',
      destination: '31612345678',
      connector: 'north',
      state: 'DELIVERED',
      error: undefined,
      doneAt: undefined,
    },
  ],
  searchedBackTo: '2026-12-01T08:00:00.000Z',
  stopped: 'limit',
  next: CURSOR,
}

async function search(parameters: string, answer: MessagePage | 'busy' = page) {
  const asked: MessageQuery[] = []
  const server = startServer(memoryStore(), async (query) => {
    asked.push(query)
    return answer
  })
  const response = await call(server, 'GET', `/messages${parameters}`)
  return { ...response, asked: asked[0] }
}

test('GET /messages passes all parameters to the search and returns its result', async () => {
  const from = '2026-12-01T00:00:00Z'
  const { status, answer, asked } = await search(
    `?number=%2B31612345678&account=demo&state=EXPIRED&from=${from}` +
      `&to=2026-12-01T10:00:00%2B01:00&limit=7&cursor=${CURSOR.toUpperCase()}`,
  )
  expect(status).toBe(200)
  // JSON leaves out undefined values.
  expect(answer).toEqual(JSON.parse(JSON.stringify(page)))
  expect(asked).toEqual({
    number: { digits: '31612345678', written: '+31612345678' },
    account: 'demo',
    state: MESSAGE_STATE.EXPIRED,
    fromMs: Date.parse(from),
    toMs: Date.parse('2026-12-01T09:00:00Z'),
    limit: 7,
    cursor: CURSOR,
  })
})

test('a number with an unescaped plus, which arrives as a space, is accepted', async () => {
  const { asked } = await search('?number=+31612345678')
  expect(asked?.number?.digits).toBe('31612345678')
})

test('by default a search covers the last 24 hours and returns up to 50 messages', async () => {
  const before = Date.now()
  const { asked } = await search('')
  expect(asked?.limit).toBe(50)
  expect(asked?.toMs).toBeGreaterThan(before)
  expect((asked?.toMs ?? 0) - (asked?.fromMs ?? 0)).toBe(24 * HOUR_MS)
})

test.each([
  ['?number=%20', 'number has no digits: give a number such as 31612345678, or the name of a'],
  [`?number=${'1'.repeat(41)}`, 'number: expected text of at most 40 characters, got "111'],
  ['?state=LOST', 'state: expected SCHEDULED, ENROUTE, DELIVERED, '],
  ['?from=yesterday', 'from: expected a time such as 2026-12-01T08:00:00Z, got "yesterday"'],
  ['?to=2026-12-01', 'to: expected a time such as 2026-12-01T08:00:00Z, got "2026-12-01"'],
  ['?from=2026-12-01T08:00:00Z&to=2026-12-01T08:00:00Z', 'from is not before to: give an earlier'],
  [
    '?from=2026-10-01T00:00:00Z&to=2026-12-01T00:00:00Z',
    'from and to are more than 31 days apart: search 31 days at a time',
  ],
  ['?limit=0', 'limit: expected a number from 1 to 500, got "0"'],
  ['?limit=501', 'limit: expected a number from 1 to 500, got "501"'],
  ['?limit=many', 'limit: expected a number from 1 to 500, got "many"'],
  ['?cursor=17', 'cursor: expected the `next` of an answer to the same search, got "17"'],
  ['?nummer=31612345678', 'unknown key "nummer"; did you mean "number"?'],
])('a search with %s is refused with "%s"', async (parameters, detail) => {
  const { status, headers, answer, asked } = await search(parameters)
  expect(status).toBe(422)
  expect(headers['content-type']).toBe('application/problem+json')
  expect(answer).toMatchObject({ detail: expect.stringContaining(detail) })
  expect(asked).toBeUndefined()
})

test('a search gets 429 and retry-after if too many searches are running', async () => {
  const { status, headers, answer } = await search('', 'busy')
  expect(status).toBe(429)
  expect(headers['retry-after']).toBe('2')
  expect(answer).toMatchObject({
    detail: '2 searches are already running, which is the limit: try again in a few seconds',
  })
})
