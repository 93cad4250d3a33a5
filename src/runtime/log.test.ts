import { expect, test } from 'vitest'
import { createLogger } from './log.ts'
import { RecentTroubles } from './recentTroubles.ts'

const config = { logLevel: 'info', logFormat: 'json', instance: 'router-1' } as const

test('a log line is JSON with component, instance, level name and ISO time', () => {
  const { lines, stream } = memory()
  createLogger('router', config, stream).warn({ count: 3 }, 'three batches were refused')
  expect(JSON.parse(lines.join(''))).toMatchObject({
    level: 'warn',
    component: 'router',
    instance: 'router-1',
    count: 3,
    msg: 'three batches were refused',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
  })
})

test('lines below the configured level are not written', () => {
  const { lines, stream } = memory()
  createLogger('router', { ...config, logLevel: 'error' }, stream).warn('not this one')
  expect(lines).toEqual([])
})

test('secrets are masked in fields and in nested fields', () => {
  const { lines, stream } = memory()
  const log = createLogger('router', config, stream)
  log.info({ password: 'hidden-word', bind: { password: 'hidden-word' } }, 'bound')
  expect(lines.join('')).not.toContain('hidden-word')
})

test('an error is logged with its own stack, the stack of its cause, and each message once', () => {
  const { lines, stream } = memory()
  const cause = new TypeError('x is not a function')
  const error = new Error(`submitting failed: ${cause.message}`, { cause })
  createLogger('workers', config, stream).warn({ err: error }, 'a defect')
  // The line was written above with the error in the field `err`.
  const { err } = JSON.parse(lines.join('')) as { err: Record<string, string> }
  expect(err).toMatchObject({ type: 'Error', message: 'submitting failed: x is not a function' })
  expect(err['stack']).toMatch(/^Error: .*\n +at [^]*\ncaused by: TypeError: .*\n +at /)
})

function memory() {
  const lines: string[] = []
  return { lines, stream: { write: (line: string) => void lines.push(line) } }
}

test('RecentTroubles gets each warning and error with its reason and its subject', () => {
  const troubles = new RecentTroubles()
  const log = createLogger('router', config, memory().stream, troubles)
  log.warn({ err: new Error('ECONNREFUSED'), connector: 'north' }, 'no bind')
  log.error('the disk is full')
  log.warn({ reason: 'wrong password', systemId: 'demo' }, 'bind refused')
  log.info('not this one')
  expect(troubles.list().map(({ level, text }) => `${level} ${text}`)).toEqual([
    'warn bind refused: wrong password (systemId demo)',
    'error the disk is full',
    'warn no bind: ECONNREFUSED (connector north)',
  ])
})
