import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anyWrongTime } from '../testing/anyPdu.fixture.ts'
import { compiledByName, encodeBody, encodePdu } from './codec.ts'
import {
  ESME_RINVEXPIRY,
  ESME_RINVMSGLEN,
  ESME_RINVNUMDESTS,
  ESME_RINVSCHED,
} from './commandStatus.ts'
import { PDUS, type CommandName, type PduBodies, type PduRow } from './pduTable.ts'

/** Encodes a body with values of any type, as a caller in JavaScript can write it. */
function encodingOf<C extends CommandName>(command: C, body: object): () => Buffer {
  return () => encodeBody(command, body as Partial<PduBodies[C]>) // deliberately of wrong types
}

describe('an invalid value throws a PduError that says what is needed:', () => {
  test.each<[string, CommandName, object]>([
    [
      'short_message: octets (a Buffer) are needed, not a string: see encodeText',
      'submit_sm',
      { short_message: 'Hello 12' },
    ],
    ['short_message: octets (a Buffer) are needed, not null', 'submit_sm', { short_message: null }],
    [
      'destination_addr: a string is needed, not a number',
      'submit_sm',
      { destination_addr: 31_612_345_678 },
    ],
    ['destination_addr: a string is needed, not null', 'submit_sm', { destination_addr: null }],
    [
      'source_addr: a string is needed, not a Buffer',
      'submit_sm',
      { source_addr: Buffer.from('1') },
    ],
    ['validity_period: a string is needed, not an object', 'submit_sm', { validity_period: {} }],
    ['esm_class: a number is needed, not a string', 'submit_sm', { esm_class: '5' }],
    ['esm_class: a number is needed, not null', 'submit_sm', { esm_class: null }],
    ['esm_class: NaN is not an integer from 0 to 255', 'submit_sm', { esm_class: Number.NaN }],
    ['data_coding: 1.5 is not an integer from 0 to 255', 'submit_sm', { data_coding: 1.5 }],
    ['data_coding: -1 is not an integer from 0 to 255', 'submit_sm', { data_coding: -1 }],
    ['tlvs: an array is needed, not an object', 'submit_sm', { tlvs: {} }],
    ['tlvs: an array is needed, not null', 'submit_sm', { tlvs: null }],
    [
      'tlvs: each TLV needs a tag and octets (a Buffer); tlv() makes them',
      'submit_sm',
      { tlvs: [{ tag: 0x1403, octets: 'text' }] },
    ],
    ['tlvs: each TLV needs a tag and octets', 'submit_sm', { tlvs: [null] }],
    [
      'tlvs: a TLV with tag 5 and 0 octets cannot be encoded',
      'submit_sm',
      { tlvs: [{ tag: 5n, octets: Buffer.of() }] },
    ],
    ['dest_address: an array is needed, not a string', 'submit_multi', { dest_address: '4477' }],
    ['dest_address: an array is needed, not null', 'submit_multi', { dest_address: null }],
    ['dest_address: each entry must be an object', 'submit_multi', { dest_address: ['4477'] }],
    [
      'error_status_code: 4294967296 is not an integer from 0 to 4294967295',
      'submit_multi_resp',
      { unsuccess_sme: [{ error_status_code: 2 ** 32 }] },
    ],
  ])('%s', (message, command, body) => {
    const encode = encodingOf(command, body)
    expect(encode).toThrow(expect.objectContaining({ name: 'PduError' }))
    expect(encode).toThrow(message)
  })

  test('an invalid value in the header throws', () => {
    const link = { command: 'enquire_link', command_status: 0, sequence_number: 1 } as const
    expect(() => encodePdu({ ...link, sequence_number: 1.5 })).toThrow('sequence_number: 1.5')
    expect(() => encodePdu({ ...link, command_status: 2 ** 32 })).toThrow('command_status: 4294')
    const unknown = { ...link, command: 'submitSm' }
    // Only a caller in JavaScript can pass a misspelled command.
    expect(() => encodePdu(unknown as never)).toThrow("there is no command 'submitSm'")
  })

  test('a missing or undefined value does not throw and is encoded as 0 or empty', () => {
    const body = { short_message: undefined, esm_class: undefined, source_addr: undefined }
    expect(encodingOf('submit_sm', { ...body, tlvs: undefined })()).toEqual(Buffer.alloc(17))
  })
})

test('octets may be given as any Uint8Array', () => {
  const octets = encodingOf('submit_sm', { short_message: Uint8Array.of(1, 2) })()
  expect(octets.toString('hex', 16)).toBe('020102')
})

const TIMES = [
  ['schedule_delivery_time', ESME_RINVSCHED],
  ['validity_period', ESME_RINVEXPIRY],
] as const

describe.each(['submit_sm', 'submit_multi', 'replace_sm', 'broadcast_sm'] as const)(
  'a %s',
  (command) => {
    test('is refused with PduError if it has an invalid time', () => {
      // submit_multi needs a destination.
      const others = { dest_address: [{ dest_flag: 2, dl_name: 'all' }] }
      fc.assert(
        fc.property(anyWrongTime, fc.constantFrom(...TIMES), (time, [field, commandStatus]) => {
          expect(encodingOf(command, { ...others, [field]: time })).toThrow(
            expect.objectContaining({ name: 'PduError', field, commandStatus }),
          )
        }),
      )
    })
  },
)

describe('the check for versions before 5.0', () => {
  const octets = (count: number) => ({ short_message: Buffer.alloc(count) })
  const destinations = (count: number) => ({
    dest_address: Array.from({ length: count }, () => ({ dest_flag: 2, dl_name: 'all' }) as const),
  })

  test('refuses 255 octets of text', () => {
    for (const command of ['submit_sm', 'deliver_sm', 'submit_multi', 'replace_sm'] as const) {
      const { checkBefore5 } = compiledByName(command)
      expect(() => checkBefore5(octets(254))).not.toThrow()
      expect(() => checkBefore5(octets(255))).toThrow(
        expect.objectContaining({ name: 'PduError', commandStatus: ESME_RINVMSGLEN }),
      )
    }
  })

  test('refuses 255 destinations', () => {
    const { checkBefore5 } = compiledByName('submit_multi')
    expect(() => checkBefore5(destinations(254))).not.toThrow()
    expect(() => checkBefore5(destinations(255))).toThrow(
      expect.objectContaining({ name: 'PduError', commandStatus: ESME_RINVNUMDESTS }),
    )
  })

  test('refuses nothing else', () => {
    for (const [command, row] of Object.entries<PduRow>(PDUS)) {
      // The keys of PDUS are the command names.
      const { checkBefore5 } = compiledByName(command as CommandName)
      expect(() => checkBefore5({})).not.toThrow()
      const long = row.fields.map(({ name }) => [name, 'x'.repeat(300)])
      const isLimited = row.fields.some(({ kind }) => kind === 'octets' || kind === 'choices')
      if (!isLimited) expect(() => checkBefore5(Object.fromEntries(long))).not.toThrow()
    }
  })
})
