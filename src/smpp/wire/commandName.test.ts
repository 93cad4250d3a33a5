import { expect, test } from 'vitest'
import { commandName } from './commandName.ts'
import { PDUS } from './pduTable.ts'

test.each(Object.entries(PDUS))('%s is found by its command_id', (name, { command_id }) => {
  expect(commandName(command_id)).toBe(name)
})

test('a request and its response have different names', () => {
  expect([commandName(0x00000004), commandName(0x80000004)]).toEqual([
    'submit_sm',
    'submit_sm_resp',
  ])
})

test.each([0, 0x10, 0x8000000b, -0x7ffffffc, 4.5, Number.NaN])(
  'command_id %d has no name',
  (command_id) => {
    expect(commandName(command_id)).toBeUndefined()
  },
)
