import { expect, test, vi } from 'vitest'
import { newMessageId } from '../message/ids.ts'
import { PlatformRows } from '../platform/platformRows.ts'
import { platformSchema } from '../platform/platformDocument.ts'
import { decodeBody, encodeBody } from '../smpp/wire/codec.ts'
import {
  ESME_RINVDSTADR,
  ESME_RINVEXPIRY,
  ESME_RSUBMITFAIL,
  ESME_RSYSERR,
  ESME_RTHROTTLED,
} from '../smpp/wire/commandStatus.ts'
import { writeAbsoluteTime, writeRelativeTime } from '../smpp/wire/smppTime.ts'
import { admitBatch, Admitter } from './admission.ts'
import type { Submission } from './routerCallWire.ts'

const TON_INTERNATIONAL = 1
const wireName = expect.stringMatching(/_addr|ESME_/)

const document = platformSchema.parse({
  accounts: [
    { id: 'demo' },
    { id: 'closed', enabled: false },
    { id: 'brief', defaultLifetimeSeconds: 90 },
  ],
  connectors: [{ id: 'nl', host: 'x', port: 1, systemId: 's', password: 'p' }],
  routeTable: { routes: [{ prefix: '31', connector: 'nl' }] },
})

const rows = [
  ...document.accounts.map((spec) => ({ kind: 'account' as const, id: spec.id, spec })),
  ...document.connectors.map((spec) => ({ kind: 'connector' as const, id: spec.id, spec })),
  { kind: 'route_table' as const, id: 'active', spec: document.routeTable },
]
const changes = rows.map((row) => ({ ...row, revision: 1, deleted: false }))
const platformRows = new PlatformRows()
platformRows.apply(1, changes)
const admitter = new Admitter(platformRows.platform)

const RECEIVED_AT_MS = 1_790_000_000_000
const HOUR_MS = 3_600_000

function submission(destination: string, account = 'demo', validity_period = ''): Submission {
  return {
    messageId: newMessageId(),
    account,
    user: 'u',
    receivedAtMs: RECEIVED_AT_MS,
    body: encodeBody('submit_sm', {
      destination_addr: destination,
      short_message: Buffer.from('hi'),
      registered_delivery: 1,
      validity_period,
    }),
  }
}

function unexpected(what: string, error: Error): never {
  throw new Error(what, { cause: error })
}

test('each refused message gets the command_status that matches its reason', () => {
  const { admitted, verdicts } = admitBatch(
    admitter,
    [
      submission('shop'),
      submission('33612345678'),
      submission('31612345678', 'closed'),
      submission('31612345678', 'nobody'),
    ],
    unexpected,
  )
  expect(verdicts).toMatchObject([
    { kind: 'refused', commandStatus: ESME_RINVDSTADR },
    { kind: 'refused', commandStatus: ESME_RINVDSTADR },
    { kind: 'refused', commandStatus: ESME_RSUBMITFAIL },
    // The gateway let a user of this account sign in, but the router does not know the account yet.
    { kind: 'refused', commandStatus: ESME_RTHROTTLED },
  ])
  expect(admitted).toEqual([])
  // HTTP customers also see the reasons, and do not know the fields of a PDU.
  for (const verdict of verdicts) expect(verdict).not.toHaveProperty('reason', wireName)
})

test('verdicts have the order of the submissions, and only admitted messages are returned', () => {
  const [first, last] = [submission('31612345678'), submission('31612345679')]
  const { admitted, verdicts } = admitBatch(admitter, [first, submission('shop'), last], unexpected)
  expect(verdicts.map(({ kind }) => kind)).toEqual(['accepted', 'refused', 'accepted'])
  expect(admitted.map(({ message }) => message.messageId)).toEqual([
    first.messageId,
    last.messageId,
  ])
})

test('validity is taken from the message, or its account, or a default of 48 hours', () => {
  const { admitted } = admitBatch(
    admitter,
    [
      submission('31612345678', 'demo', writeRelativeTime(3)),
      submission('31612345678', 'brief', writeAbsoluteTime(new Date(RECEIVED_AT_MS + HOUR_MS))),
      submission('31612345678', 'brief'),
      submission('31612345678'),
    ],
    unexpected,
  )
  const ends = admitted.map(({ message }) => (message.expiresAtMs ?? 0) - RECEIVED_AT_MS)
  expect(ends).toEqual([3_000, HOUR_MS, 90_000, 48 * HOUR_MS])
})

test('a message is refused if its validity has ended or ends on a day that does not exist', () => {
  const { admitted, verdicts } = admitBatch(
    admitter,
    [
      submission('31612345678', 'demo', writeAbsoluteTime(new Date(RECEIVED_AT_MS - 1_000))),
      submission('31612345678', 'demo', '000000000000000R'),
      submission('31612345678', 'demo', '280231000000000+'),
    ],
    unexpected,
  )
  const refusal = { kind: 'refused', commandStatus: ESME_RINVEXPIRY }
  expect(verdicts).toMatchObject([refusal, refusal, refusal])
  for (const verdict of verdicts) expect(verdict).not.toHaveProperty('reason', wireName)
  expect(admitted).toEqual([])
})

test('a destination with a plus is sent upstream as digits with the international TON', () => {
  const { admitted } = admitBatch(admitter, [submission('+31612345678')], unexpected)
  const [one] = admitted
  if (!one) throw new Error('the message should have been admitted')
  expect(decodeBody('submit_sm', one.message.body)).toMatchObject({
    destination_addr: '31612345678',
    dest_addr_ton: TON_INTERNATIONAL,
  })
})

test('an error while admitting a message is reported and refuses only that message', () => {
  const [first, odd, last] = [31, 32, 33].map((end) => submission(`316123456${end}`))
  if (!first || !odd || !last) throw new Error('there should be three submissions')
  const troubles: string[] = []
  const report = (what: string, error: Error) => void troubles.push(`${what}: ${error.message}`)
  const throwing = {
    admit: (one: Submission) => {
      if (one === odd) throw new TypeError('a defect')
      return admitter.admit(one)
    },
  }
  const { admitted, verdicts } = admitBatch(throwing, [first, odd, last], report)
  expect(verdicts).toMatchObject([
    { kind: 'accepted' },
    { kind: 'refused', commandStatus: ESME_RSYSERR },
    { kind: 'accepted' },
  ])
  expect(admitted.map(({ message }) => message.messageId)).toEqual([
    first.messageId,
    last.messageId,
  ])
  expect(troubles).toEqual([`admitting a message failed: message ${odd.messageId}`])
})

test('routes are recompiled only after a change of routes or connectors', () => {
  const changing = new PlatformRows()
  changing.apply(1, changes)
  const following = new Admitter(changing.platform)
  const compiled = vi.spyOn(changing.platform.connectors, 'get')
  const demo = { kind: 'account', id: 'demo', deleted: false }
  changing.apply(2, [{ ...demo, revision: 2, spec: { id: 'demo', enabled: false } }])
  following.follow(changing.platform)
  expect(compiled).not.toHaveBeenCalled()
  expect(following.admit(submission('31612345678')).kind).toBe('refused')
  changing.apply(3, [{ ...demo, revision: 3, spec: { id: 'demo' } }])
  following.follow(changing.platform)
  expect(following.admit(submission('31612345678')).kind).toBe('admitted')
  const nl = { ...document.connectors[0], enabled: false }
  changing.apply(4, [{ kind: 'connector', id: 'nl', revision: 4, deleted: false, spec: nl }])
  following.follow(changing.platform)
  expect(following.admit(submission('31612345678')).kind).toBe('refused')
})
