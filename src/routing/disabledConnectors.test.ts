import { expect, test } from 'vitest'
import { newMessageId } from '../message/ids.ts'
import { PlatformRows } from '../platform/platformRows.ts'
import { platformSchema } from '../platform/platformDocument.ts'
import { encodeBody } from '../smpp/wire/codec.ts'
import { ESME_RTHROTTLED } from '../smpp/wire/commandStatus.ts'
import { Admitter } from './admission.ts'
import type { Submission } from './routerCallWire.ts'

const smsc = { host: 'x', port: 1, systemId: 's', password: 'p' }

function admitterOf(given: object): Admitter {
  const document = platformSchema.parse(given)
  const rows = [
    ...document.accounts.map((spec) => ({ kind: 'account' as const, id: spec.id, spec })),
    ...document.connectors.map((spec) => ({ kind: 'connector' as const, id: spec.id, spec })),
    { kind: 'route_table' as const, id: 'active', spec: document.routeTable },
  ]
  const platformRows = new PlatformRows()
  platformRows.apply(
    1,
    rows.map((row) => ({ ...row, revision: 1, deleted: false })),
  )
  return new Admitter(platformRows.platform)
}

function submission(destination: string): Submission {
  return {
    messageId: newMessageId(),
    account: 'demo',
    user: 'u',
    receivedAtMs: 1_790_000_000_000,
    body: encodeBody('submit_sm', { destination_addr: destination }),
  }
}

function withConnectors(secret: object, other: object, byDefault?: string): Admitter {
  return admitterOf({
    accounts: [{ id: 'demo' }],
    connectors: [
      { ...smsc, id: 'secret-carrier', ...secret },
      { ...smsc, id: 'other', ...other },
    ],
    routeTable: {
      routes: [
        { prefix: '31', connector: 'secret-carrier' },
        { prefix: '32', connector: 'missing' },
      ],
      default: byDefault,
    },
  })
}

test('a disabled connector is skipped for the next candidate', () => {
  const admission = withConnectors({ enabled: false }, {}, 'other').admit(submission('31612345678'))
  expect(admission).toMatchObject({ kind: 'admitted', connector: 'other' })
})

test('if all connectors are disabled, a temporary refusal names no connector', () => {
  const none = { enabled: false }
  for (const byDefault of [undefined, 'other'])
    for (const destination of ['31612345678', '32471234567']) {
      const admission = withConnectors(none, none, byDefault).admit(submission(destination))
      expect(admission).toMatchObject({ kind: 'refused', commandStatus: ESME_RTHROTTLED })
      expect(JSON.stringify(admission)).not.toMatch(/secret-carrier|other|missing/)
    }
})

test('messages are still admitted for a paused connector', () => {
  const admission = withConnectors({ paused: true }, {}, 'other').admit(submission('31612345678'))
  expect(admission).toMatchObject({ kind: 'admitted', connector: 'secret-carrier' })
})
