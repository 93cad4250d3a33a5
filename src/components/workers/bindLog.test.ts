import { expect, test } from 'vitest'
import { bindId } from '../../message/ids.ts'
import { BindLog } from './bindLog.ts'

const [ONE, TWO] = [bindId('north', 1), bindId('north', 2)]

function newLog() {
  const lines: (readonly [text: string, fields: Readonly<Record<string, unknown>>])[] = []
  const write = (fields: object, text: string) => void lines.push([text, { ...fields }])
  let nowMs = 0
  // BindLog uses only these two methods of pino's logger.
  const bindLog = new BindLog({ info: write, warn: write } as never, () => nowMs)
  const seconds = (count: number, each: (second: number) => void = () => undefined): void => {
    for (let second = 0; second < count; second++) {
      each(second)
      nowMs += 1_000
      bindLog.tick()
    }
  }
  return { north: bindLog.of('north'), lines, seconds }
}

function bound() {
  const log = newLog()
  for (const id of [ONE, TWO]) log.north.up(id)
  log.seconds(1)
  return log
}

test('binds that come up together share one log line', () => {
  expect(bound().lines).toEqual([
    ['upstream binds are up', { connector: 'north', binds: [ONE, TWO], bindsUp: 2 }],
  ])
})

test('a carrier outage of two and a half minutes is logged in four lines', () => {
  const { lines, north, seconds } = bound()
  for (const id of [ONE, TWO]) north.lost(id, 'the peer closed the connection')
  seconds(150, () => north.failed(ONE, 'connect ECONNREFUSED'))
  for (const id of [ONE, TWO]) north.up(id)
  seconds(15)
  const down = { connector: 'north', binds: [ONE, TWO], bindsUp: 0 }
  expect(lines.slice(1)).toEqual([
    // Before this line was written, the first attempt to bind again failed. The line therefore also
    // states the reason of that failure.
    ['upstream binds are down', { ...down, reason: expect.stringContaining('the peer closed') }],
    ['upstream binds are still down', expect.objectContaining({ ...down, lastedSeconds: 60 })],
    ['upstream binds are still down', expect.objectContaining({ ...down, failures: 60 })],
    [
      'upstream binds are up',
      expect.objectContaining({ binds: [ONE, TWO], bindsUp: 2, failures: 152 }),
    ],
  ])
})

test('binds that come back seconds apart after an outage share one log line', () => {
  const { lines, north, seconds } = bound()
  seconds(60)
  north.lost(ONE, 'enquire_link was not answered')
  seconds(9)
  north.lost(TWO, 'enquire_link was not answered')
  seconds(20)
  north.up(TWO)
  seconds(9)
  north.up(ONE)
  seconds(12)
  expect(lines.slice(1).map(([text, { binds, bindsUp }]) => [text, binds, bindsUp])).toEqual([
    ['upstream binds are down', [ONE], 1],
    ['upstream binds are down', [TWO], 0],
    ['upstream binds are up', [ONE, TWO], 2],
  ])
})

test('when one of two binds fails, the log names that bind and counts the other bind as up', () => {
  const { lines, north, seconds } = newLog()
  north.up(ONE)
  seconds(61, () => north.failed(TWO, 'ESME_RALYBND'))
  expect(lines.map(([text, { binds, bindsUp }]) => [text, binds, bindsUp])).toEqual([
    ['upstream binds are down', [TWO], 1],
    ['upstream binds are up', [ONE], 1],
    ['upstream binds are still down', [TWO], 1],
  ])
})

test('a bind that is accepted and cut over and over is logged about once a minute', () => {
  const { lines, north, seconds } = bound()
  seconds(180, (second) => (second % 5 < 2 ? north.up(ONE) : north.lost(ONE, 'cut')))
  const texts = lines.slice(1).map(([text]) => text)
  const times = (text: string) => texts.filter((one) => one === text).length
  expect(times('upstream binds are still down')).toBeLessThanOrEqual(3)
  expect(times('upstream binds are down')).toBeLessThanOrEqual(4)
  expect(texts.length).toBeLessThanOrEqual(9)
})

test('binds that this process closes are logged with the reason, and their outage ends', () => {
  const { lines, north, seconds } = bound()
  north.lost(TWO, 'the peer closed the connection')
  seconds(2)
  for (const id of [ONE, TWO]) north.closed(id, 'the connector was disabled')
  seconds(300)
  expect(lines.slice(2)).toEqual([
    [
      'upstream binds were closed',
      {
        connector: 'north',
        binds: [ONE, TWO],
        bindsUp: 0,
        reason: 'the connector was disabled',
      },
    ],
  ])
})

test('a log line names at most ten binds', () => {
  const { lines, north, seconds } = newLog()
  for (let slot = 1; slot <= 50; slot++) north.up(bindId('north', slot))
  seconds(1)
  expect(lines[0]?.[1]['binds']).toHaveLength(11)
  expect(lines[0]?.[1]).toMatchObject({ bindsUp: 50 })
})
