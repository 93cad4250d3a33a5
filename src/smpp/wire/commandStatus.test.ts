import { expect, test } from 'vitest'
import * as status from './commandStatus.ts'

test.each([
  [status.ESME_ROK, 'ok'],
  [status.ESME_RTHROTTLED, 'throttled'],
  [status.ESME_RMSGQFUL, 'throttled'],
  [status.ESME_RSYSERR, 'temporary'],
  [status.ESME_RX_T_APPN, 'temporary'],
  [status.ESME_RINVBNDSTS, 'session'],
  [status.ESME_RBINDFAIL, 'session'],
  [status.ESME_RINVDSTADR, 'permanent'],
  [status.ESME_RX_P_APPN, 'permanent'],
  [0x481, 'permanent'],
  [0xffffffff, 'permanent'],
] as const)('0x%s is %s', (commandStatus, statusClass) => {
  expect(status.classify(commandStatus)).toBe(statusClass)
})

test('a known status is shown by name, and an unknown status as eight hexadecimal digits', () => {
  expect(status.commandStatusName(0x58)).toBe('ESME_RTHROTTLED')
  expect(status.commandStatusName(0xc0)).toBe('ESME_RINVTLVSTREAM')
  expect(status.commandStatusName(0x481)).toBe('0x00000481')
  expect(status.commandStatusName(0xffffffff)).toBe('0xFFFFFFFF')
})

test('each exported constant is listed under its own name', () => {
  for (const [name, value] of Object.entries(status))
    if (typeof value === 'number') expect(status.commandStatusName(value)).toBe(name)
})
