import { expect, test } from 'vitest'
import { newMessageId } from '../message/ids.ts'
import { PlatformRows } from '../platform/platformRows.ts'
import { platformSchema } from '../platform/platformDocument.ts'
import { decodeBody, encodeBody } from '../smpp/wire/codec.ts'
import { ESME_RINVDSTADR, ESME_RSUBMITFAIL, ESME_RTHROTTLED } from '../smpp/wire/commandStatus.ts'
import { admitBatch, Admitter } from './admission.ts'
import type { Submission } from './routerCallWire.ts'

const TON_INTERNATIONAL = 1
const wireName = expect.stringMatching(/_addr|ESME_/)

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

const smsc = { host: 'x', port: 1, systemId: 's', password: 'p' }
const admitter = admitterOf({
  accounts: [{ id: 'demo' }, { id: 'closed', enabled: false }],
  connectors: [{ ...smsc, id: 'nl' }],
  routeTable: { routes: [{ prefix: '31', connector: 'nl' }] },
})

function submission(destination: string, account = 'demo'): Submission {
  return {
    messageId: newMessageId(),
    account,
    user: 'u',
    receivedAtMs: 1_790_000_000_000,
    body: encodeBody('submit_sm', {
      destination_addr: destination,
      short_message: Buffer.from('hi'),
      registered_delivery: 1,
    }),
  }
}

test('each message gets the command_status that says why not', () => {
  const { admitted, verdicts } = admitBatch(admitter, [
    submission('shop'),
    submission('33612345678'),
    submission('31612345678', 'closed'),
    submission('31612345678', 'nobody'),
  ])
  expect(verdicts).toMatchObject([
    { kind: 'refused', commandStatus: ESME_RINVDSTADR },
    { kind: 'refused', commandStatus: ESME_RINVDSTADR },
    { kind: 'refused', commandStatus: ESME_RSUBMITFAIL },
    // Somebody signed in with it at the gateway: this router has not heard of it yet.
    { kind: 'refused', commandStatus: ESME_RTHROTTLED },
  ])
  expect(admitted).toEqual([])
  // HTTP customers read the reasons too, and know no fields of a PDU.
  for (const verdict of verdicts) expect(verdict).not.toHaveProperty('reason', wireName)
})

test('verdicts come in the order of the submissions, admitted messages without the others', () => {
  const [first, last] = [submission('31612345678'), submission('31612345679')]
  const { admitted, verdicts } = admitBatch(admitter, [first, submission('shop'), last])
  expect(verdicts.map(({ kind }) => kind)).toEqual(['accepted', 'refused', 'accepted'])
  expect(admitted.map(({ message }) => message.messageId)).toEqual([
    first.messageId,
    last.messageId,
  ])
})

test('a destination with a plus goes upstream as digits of international type', () => {
  const { admitted } = admitBatch(admitter, [submission('+31612345678')])
  const [one] = admitted
  if (!one) throw new Error('it should have been admitted')
  expect(decodeBody('submit_sm', one.message.body)).toMatchObject({
    destination_addr: '31612345678',
    dest_addr_ton: TON_INTERNATIONAL,
  })
})

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

test('a disabled connector is passed over for the next candidate', () => {
  const admission = withConnectors({ enabled: false }, {}, 'other').admit(submission('31612345678'))
  expect(admission).toMatchObject({ kind: 'admitted', connector: 'other' })
})

test('a message that only disabled connectors could take is refused for now, naming none', () => {
  const none = { enabled: false }
  for (const byDefault of [undefined, 'other'])
    for (const destination of ['31612345678', '32471234567']) {
      const admission = withConnectors(none, none, byDefault).admit(submission(destination))
      expect(admission).toMatchObject({ kind: 'refused', commandStatus: ESME_RTHROTTLED })
      expect(JSON.stringify(admission)).not.toMatch(/secret-carrier|other|missing/)
    }
})

test('a paused connector takes messages, which wait', () => {
  const admission = withConnectors({ paused: true }, {}, 'other').admit(submission('31612345678'))
  expect(admission).toMatchObject({ kind: 'admitted', connector: 'secret-carrier' })
})
