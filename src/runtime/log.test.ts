import { expect, test } from 'vitest'
import { createLogger } from './log.ts'
import { RecentTroubles } from './recentTroubles.ts'

const config = { logLevel: 'info', logFormat: 'json', instance: 'router-1' } as const

test('a line is JSON with component, instance, a level in words and an ISO time', () => {
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

test('less severe lines than the configured level are not written', () => {
  const { lines, stream } = memory()
  createLogger('router', { ...config, logLevel: 'error' }, stream).warn('not this one')
  expect(lines).toEqual([])
})

test('secrets are masked, also one level down', () => {
  const { lines, stream } = memory()
  const log = createLogger('router', config, stream)
  log.info({ password: 'hidden-word', bind: { password: 'hidden-word' } }, 'bound')
  expect(lines.join('')).not.toContain('hidden-word')
})

test('an error is shown with each of its texts once, and with the stacks of its cause', () => {
  const { lines, stream } = memory()
  const cause = new TypeError('x is not a function')
  const error = new Error(`submitting failed: ${cause.message}`, { cause })
  createLogger('workers', config, stream).warn({ err: error }, 'a defect')
  // The line that was written above.
  const { err } = JSON.parse(lines.join('')) as { err: Record<string, string> }
  expect(err).toMatchObject({ type: 'Error', message: 'submitting failed: x is not a function' })
  expect(err['stack']).toMatch(/^Error: .*\n +at [^]*\ncaused by: TypeError: .*\n +at /)
})

function memory() {
  const lines: string[] = []
  return { lines, stream: { write: (line: string) => void lines.push(line) } }
}

test('warnings and errors are kept with their reason and whom they are about', () => {
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
