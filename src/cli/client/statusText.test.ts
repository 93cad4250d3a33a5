import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { age, type Status, statusText } from './statusText.ts'

const process = {
  component: 'gateway',
  instance: 'gateway-1',
  isUp: true,
  startedAt: '2026-12-01T10:00:00.000Z',
  seenSecondsAgo: 0.5,
  troubles: [],
}
const connector = {
  id: 'north',
  state: 'enabled',
  binds: 2,
  bindsUp: 2,
  queuedMessages: 0,
  oldestAgeSeconds: 0,
  waitingMessages: 0,
}
const status: Status = {
  at: '2026-12-01T12:00:00.000Z',
  processes: [
    process,
    ...['router', 'workers', 'admin', 'exporters'].map((component) => ({
      ...process,
      component,
      instance: `${component}-1`,
    })),
    { ...process, component: 'dlr', instance: 'dlr-1', isUp: false, seenSecondsAgo: 300 },
  ],
  customers: [{ account: 'bank', user: 'bank-1', binds: 2, receivers: 1, gateway: 'gateway-1' }],
  moreCustomers: 0,
  connectors: [
    connector,
    { ...connector, id: 'south', bindsUp: 0, queuedMessages: 1200, oldestAgeSeconds: 90 },
  ],
  queues: [{ queue: 'journal', messages: 3000, oldestAgeSeconds: 301 }],
  outbox: { pending: 0, oldestAgeSeconds: 0 },
  parkedReceipts: 4,
  deadLetters: [{ queue: 'dlr', letters: 2 }],
}

test('the screen shows processes, binds and queues, with faulty connectors first', () => {
  const text = stripVTControlCharacters(statusText(status))
  expect(text).toMatchInlineSnapshot(`
    "COMPONENT  PROCESS      STATE
    gateway    gateway-1    up        for 2 h
    router     router-1     up        for 2 h
    workers    workers-1    up        for 2 h
    admin      admin-1      up        for 2 h
    exporters  exporters-1  up        for 2 h
    dlr        dlr-1        not seen  for 5 min
    Not running: dlr

    CONNECTOR  STATE    BINDS UP  QUEUED  OLDEST  TO BE RETRIED
    south      enabled  0 of 2    1,200   90 s    0
    north      enabled  2 of 2    0               0

    ACCOUNT  USER    BINDS              GATEWAY
    bank     bank-1  2, 1 for receipts  gateway-1

    WAITING                                    OLDEST
    Events to be written                3,000  5 min
    Receipts to be matched              0
    Receipts that match no message yet  4
    Receipts for customers              0
    Dead letters                        2

    No warnings or errors.
    "
  `)
})

test('warnings are listed latest first, with the number of times each occurred', () => {
  const trouble = { text: 'south: ECONNREFUSED', level: 'warn', count: 12 }
  const troubles = [
    { ...trouble, lastAt: '2026-12-01T11:59:57.000Z' },
    { ...trouble, text: 'older', count: 1, lastAt: '2026-12-01T11:00:00.000Z' },
  ]
  const processes = [{ ...process, troubles }]
  const text = stripVTControlCharacters(statusText({ ...status, processes }))
  expect(text).toMatch(
    /3\.0 s ago +gateway-1 +south: ECONNREFUSED \(12 times\)\n60 min ago .* older/,
  )
  expect(text).toContain('Not running: router, workers, dlr, admin, exporters')
})

test('rows that do not fit on the screen are counted', () => {
  const connectors = Array.from({ length: 1000 }, (_, index) => ({ ...connector, id: `c${index}` }))
  const text = statusText({ ...status, connectors, moreCustomers: 7 })
  expect(text).toContain('… and 985 more: see --json')
  expect(text).toContain('… and 7 more: see --json')
  expect(text.split('\n').length).toBeLessThan(60)
})

test.each([
  [0.42, '0.4 s'],
  [61, '61 s'],
  [301, '5 min'],
  [7_300, '2 h'],
  [200_000, '2 days'],
])('%d seconds are shown as %s', (seconds, text) => {
  expect(age(seconds)).toBe(text)
})
