import { expect, test } from 'vitest'
import { TroubleLog } from './troubleLog.ts'

const AWAY = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
const TEXTS = {
  began: 'unavailable',
  lasts: 'still unavailable',
  ended: 'available again',
  gone: 'gone',
}

type Line = readonly [level: string, fields: object, text: string]

function newTrouble() {
  const lines: Line[] = []
  const write = (level: string) => (fields: object, text: string) =>
    void lines.push([level, fields, text])
  let nowMs = 0
  // TroubleLog uses only these two methods of pino's logger.
  const log = { info: write('info'), warn: write('warn') } as never
  const trouble = new TroubleLog({ log, nowMs: () => nowMs })
  const seconds = (count: number, each: () => void = () => undefined): void => {
    for (let second = 0; second < count; second++) {
      each()
      nowMs += 1_000
      trouble.tick()
    }
  }
  return { lines, seconds, trouble }
}

test('an outage of 90 seconds is logged in three lines, with the number of failures', () => {
  const { lines, seconds, trouble } = newTrouble()
  const outage = trouble.watch(TEXTS, { router: 'a' })
  seconds(90, () => outage.failed(AWAY))
  outage.recovered()
  seconds(5)
  const reason = 'connect ECONNREFUSED'
  expect(lines).toEqual([
    ['warn', { router: 'a', reason }, 'unavailable'],
    ['warn', { router: 'a', failures: 59, lastedSeconds: 60, reason }, 'still unavailable'],
    ['info', { router: 'a', failures: 90, lastedSeconds: 90 }, 'available again'],
  ])
})

test('a forgotten outage is logged as gone and not mentioned again', () => {
  const { lines, seconds, trouble } = newTrouble()
  const outage = trouble.watch(TEXTS, { router: 'a' })
  outage.failed(AWAY)
  outage.forget()
  seconds(200)
  expect(lines.map(([, , text]) => text)).toEqual(['unavailable', 'gone'])
})

test('a repeated error is logged at its start, once a minute and at its end', () => {
  const { lines, seconds, trouble } = newTrouble()
  seconds(130, () => trouble.report('publishing failed', AWAY))
  seconds(70)
  expect(lines.map(([level, , text]) => `${level} ${text}`)).toEqual([
    'warn publishing failed',
    'warn publishing failed (again)',
    'warn publishing failed (again)',
    'warn publishing failed (again)',
    'info publishing failed (no longer)',
  ])
  expect(lines.at(-1)?.[1]).toMatchObject({ failures: 130 })
})

test('an error that occurs once is logged in one line', () => {
  const { lines, seconds, trouble } = newTrouble()
  trouble.report('publishing failed', AWAY)
  seconds(200)
  expect(lines).toHaveLength(1)
})

test('errors are distinguished by `what` and `fields`, but not by `more`', () => {
  const { lines, trouble } = newTrouble()
  trouble.report('bind refused', AWAY, { systemId: 'a' }, { remoteAddress: '10.0.0.1' })
  trouble.report('bind refused', AWAY, { systemId: 'a' }, { remoteAddress: '10.0.0.2' })
  trouble.report('bind refused', AWAY, { systemId: 'b' }, { remoteAddress: '10.0.0.1' })
  expect(lines.map(([, fields]) => fields)).toMatchObject([
    { systemId: 'a', remoteAddress: '10.0.0.1' },
    { systemId: 'b', remoteAddress: '10.0.0.1' },
  ])
})

test('an expected error is logged with its reason, and a defect with its stack', () => {
  const { lines, trouble } = newTrouble()
  trouble.report('a', AWAY)
  const defect = new TypeError('x is not a function')
  trouble.report('b', defect)
  expect(lines[0]?.[1]).toEqual({ reason: 'connect ECONNREFUSED' })
  expect(lines[1]?.[1]).toEqual({ err: defect })
})

test('if 5,000 different errors occur, only 200 of them are logged separately', () => {
  const { lines, seconds, trouble } = newTrouble()
  for (let kind = 0; kind < 5_000; kind++) trouble.report(`kind ${kind}`, AWAY)
  expect(lines).toHaveLength(201)
  expect(lines.at(-1)?.[2]).toBe('kind 200')
  seconds(61)
  expect(lines.at(-1)?.[2]).toBe(
    'other errors occurred, of too many kinds to log separately (no longer)',
  )
  trouble.report('kind 7', AWAY)
  expect(lines.at(-1)?.[2]).toBe('kind 7')
})
