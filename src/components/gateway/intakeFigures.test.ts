import { expect, test } from 'vitest'
import { ESME_RINVDSTADR, ESME_RTHROTTLED } from '../../smpp/index.ts'
import { IntakeFigures } from './intakeFigures.ts'

test('messages are counted by account class, and refusals also by command_status', () => {
  const figures = new IntakeFigures((account) => (account === 'bank' ? 'wholesale' : undefined))
  figures.addAccepted('bank')
  figures.addAccepted('shop')
  figures.addAccepted('cafe')
  figures.addRefused('bank', ESME_RTHROTTLED)
  figures.addRefused('bank', ESME_RTHROTTLED)
  figures.addRefused('bank', ESME_RINVDSTADR)
  expect([...figures.byClass]).toEqual([
    [
      'wholesale',
      {
        accepted: 1,
        refused: new Map([
          [ESME_RTHROTTLED, 2],
          [ESME_RINVDSTADR, 1],
        ]),
      },
    ],
    ['standard', { accepted: 2, refused: new Map() }],
  ])
})
