import { expect, test } from 'vitest'
import {
  encodeBody,
  ESME_RINVMSGLEN,
  ESME_ROK,
  ESME_RSYSERR,
  INTERFACE_VERSION,
  tlv,
} from '../../smpp/index.ts'
import type { Session, ShortMessageBody } from '../../smpp/index.ts'
import { bindTo, openDoor, submitOn } from './customerDoor.fixture.ts'
import { submitRefusal } from './submitRefusal.ts'

const { V3_3, V3_4, V5_0 } = INTERFACE_VERSION
const TEXT = Buffer.from('hello')
const OCTETS_255 = Buffer.alloc(255, 'x')

test.each([
  [V3_3, 254, undefined],
  [V3_3, 255, ESME_RINVMSGLEN],
  [V3_4, 254, undefined],
  [V3_4, 255, ESME_RINVMSGLEN],
  [V5_0, 255, undefined],
])('in version %s, a short_message of %i octets gets refusal %s', (version, octets, refusal) => {
  const submitSm = { short_message: OCTETS_255.subarray(0, octets), tlvs: [] }
  expect(submitRefusal(submitSm, version)).toBe(refusal)
})

test('a message with text in both short_message and message_payload is refused', () => {
  const refusalWith = (short_message: Buffer, payload: Buffer) =>
    submitRefusal({ short_message, tlvs: [tlv('message_payload', payload)] }, V3_4)
  expect(refusalWith(TEXT, TEXT)).toBe(ESME_RINVMSGLEN)
  expect(refusalWith(Buffer.alloc(0), TEXT)).toBeUndefined()
  expect(refusalWith(TEXT, Buffer.alloc(0))).toBeUndefined()
})

/** Sends submit_sm with an encoded body, because session.send() would refuse these fields. */
function statusOf(session: Session, fields: Partial<ShortMessageBody>): Promise<number> {
  const body = encodeBody('submit_sm', { destination_addr: '31612345678', ...fields })
  return new Promise((resolve, reject) => {
    session.requestBody('submit_sm', body, (outcome) =>
      outcome.kind === 'response'
        ? resolve(outcome.pdu.command_status)
        : reject(new Error(outcome.kind)),
    )
  })
}

test('a 3.4 bind stays open after a short_message of 255 octets is refused', async () => {
  const { port } = await openDoor()
  const { session } = await bindTo(port)
  expect(await statusOf(session, { short_message: OCTETS_255 })).toBe(ESME_RINVMSGLEN)
  expect(await statusOf(session, { short_message: OCTETS_255.subarray(1) })).toBe(ESME_ROK)
})

test('a message whose handling throws is refused, and the bind stays open', async () => {
  const troubles: string[] = []
  const door = await openDoor({ onTrouble: (what) => void troubles.push(what) })
  const { session } = await bindTo(door.port)
  door.submitting = () => {
    throw new TypeError('a defect')
  }
  expect(await submitOn(session)).toBe(ESME_RSYSERR)
  door.submitting = () => undefined
  expect(await submitOn(session)).toBe(ESME_ROK)
  expect(troubles).toEqual(['accepting a submit_sm failed'])
})
