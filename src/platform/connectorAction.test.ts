import { expect, test } from 'vitest'
import { connectorSchema, type Connector } from './connector.ts'
import { afterAction, type ConnectorAction, connectorState } from './connectorAction.ts'

const smsc = { host: 'x', port: 1, systemId: 's', password: 'p' }
const enabled = connectorSchema.parse({ ...smsc, id: 'a' })
const paused = { ...enabled, paused: true }
const disabled = { ...enabled, enabled: false }

function move(to: string, target?: Connector): ConnectorAction {
  return { kind: 'move', to, target }
}

function fieldsAfter(connector: Connector, action: ConnectorAction) {
  const outcome = afterAction(connector, action)
  if (outcome.kind === 'refused') return outcome.detail
  const { enabled: isEnabled, paused: isPaused, waiting } = outcome.connector
  expect(connectorSchema.parse(outcome.connector)).toEqual(outcome.connector)
  return { enabled: isEnabled, paused: isPaused, waiting }
}

test('a connector is enabled, paused or disabled, and disabled overrides paused', () => {
  expect([enabled, paused, disabled].map(connectorState)).toEqual(['enabled', 'paused', 'disabled'])
  expect(connectorState({ ...paused, enabled: false })).toBe('disabled')
})

test('pause and resume change only `paused`, and are refused for a disabled connector', () => {
  expect(fieldsAfter(enabled, { kind: 'pause' })).toMatchObject({ enabled: true, paused: true })
  expect(fieldsAfter(paused, { kind: 'resume' })).toMatchObject({ enabled: true, paused: false })
  expect(fieldsAfter(disabled, { kind: 'pause' })).toMatch(/is disabled/)
  expect(fieldsAfter(disabled, { kind: 'resume' })).toMatch(/`signalbox connector enable a`/)
})

test('disable and enable both set the field `waiting` to keep', () => {
  const keep = { enabled: false, waiting: 'keep' }
  expect(fieldsAfter(enabled, { kind: 'disable' })).toMatchObject(keep)
  const purging: Connector = { ...disabled, waiting: 'purge' }
  expect(fieldsAfter(purging, { kind: 'disable' })).toMatchObject(keep)
  expect(fieldsAfter(purging, { kind: 'enable' })).toMatchObject({ enabled: true, waiting: 'keep' })
})

test('purge and move need a disabled connector, and move needs an enabled target', () => {
  const other = { ...enabled, id: 'b' }
  const toOther = move('b', other)
  for (const action of [{ kind: 'purge' } as const, toOther])
    expect(fieldsAfter(enabled, action)).toMatch(/`signalbox connector disable a`/)
  expect(fieldsAfter(disabled, { kind: 'purge' })).toMatchObject({ waiting: 'purge' })
  expect(fieldsAfter(disabled, toOther)).toMatchObject({ waiting: { moveTo: 'b' } })
  expect(fieldsAfter(disabled, move('b', { ...other, paused: true }))).toMatchObject({
    waiting: { moveTo: 'b' },
  })
  expect(fieldsAfter(disabled, move('a', disabled))).toMatch(/only to another connector/)
  expect(fieldsAfter(disabled, move('c'))).toMatch(/there is no connector "c"/)
  expect(fieldsAfter(disabled, move('b', { ...other, enabled: false }))).toMatch(/is disabled/)
})
