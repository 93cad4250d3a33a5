import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import type { PlatformChange } from './adminClient.ts'
import { changesSummary, changesText } from './changesText.ts'

const CHANGES: PlatformChange[] = [
  { action: 'create', kind: 'account', id: 'demo', fields: [{ path: 'enabled', to: true }] },
  {
    action: 'update',
    kind: 'connector',
    id: 'smsc',
    fields: [
      { path: 'tps', from: 30, to: 50 },
      { path: 'password', from: '(hidden)', to: '(changed)' },
      { path: 'systemType', from: 'x', to: '' },
    ],
  },
  { action: 'update', kind: 'route_table', id: 'active', fields: [{ path: 'default', from: 'a' }] },
  { action: 'delete', kind: 'user', id: 'bob', fields: [] },
]

test('the text shows created resources, old and new field values, and deleted resources', () => {
  expect(stripVTControlCharacters(changesText(CHANGES)).split('\n')).toEqual([
    '+ account demo',
    '    enabled: true',
    '~ connector smsc',
    '    tps: 30 → 50',
    '    password: (hidden) → (changed)',
    '    systemType: x → ""',
    '~ route table',
    '    default: a (removed)',
    '- user bob',
    '',
  ])
})

test('the summary counts the changes that are planned, or the changes that were made', () => {
  expect(changesSummary(CHANGES, false)).toBe('1 to create, 2 to update, 1 to delete')
  expect(changesSummary(CHANGES, true)).toBe('1 created, 2 updated, 1 deleted')
  expect(changesSummary([], true)).toBe('no changes')
})
