import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import {
  changedText,
  type ConnectorStatus,
  connectorsText,
  messagesText,
} from './connectorStatus.ts'

const status: ConnectorStatus = {
  id: 'north',
  state: 'enabled',
  binds: 2,
  bindsUp: 2,
  waiting: 'keep',
  waitingMessages: 0,
}

test('connectors are listed with their states, binds and waiting messages', () => {
  const text = connectorsText([
    status,
    { ...status, id: 'old', state: 'disabled', bindsUp: 0, waitingMessages: 12_000 },
    { ...status, id: 'south', state: 'disabled', bindsUp: 0, waiting: { moveTo: 'north' } },
    { ...status, id: 'west', state: 'disabled', bindsUp: 0, waiting: 'purge' },
  ])
  expect(stripVTControlCharacters(text).split('\n')).toEqual([
    'CONNECTOR  STATE                                   BINDS UP  WAITING',
    'north      enabled                                 2 of 2    0',
    'old        disabled                                0 of 2    12,000',
    'south      disabled, moving its messages to north  0 of 2    0',
    'west       disabled, purging its messages          0 of 2    0',
    '',
  ])
  expect(connectorsText([])).toBe(
    'There are no connectors yet. Create them with `signalbox apply`.\n',
  )
})

test('a message count uses the singular or plural noun, and thousands separators', () => {
  expect([0, 1, 1200].map(messagesText)).toEqual(['0 messages', '1 message', '1,200 messages'])
})

test('a change is described by the state that results from it', () => {
  const after = (word: string, state: string) => changedText(word, { ...status, state })
  expect(after('enable', 'enabled')).toBe('is enabled')
  expect(after('enable', 'paused')).toBe(
    'is paused: it binds, but submits only after `signalbox connector resume north`',
  )
  expect(after('pause', 'paused')).toBe('is paused')
  expect(after('resume', 'enabled')).toBe('submits again')
  expect(after('disable', 'disabled')).toBe('is disabled')
})
