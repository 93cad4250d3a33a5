// Wireshark (Debian's tshark) must decode the PDUs that we encode: each field at the octets where
// we wrote it and with our value, and nothing malformed or left over.

import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { ALL_COMMANDS, anyPdu } from '../../src/smpp/testing/anyPdu.fixture.ts'
import {
  encodePdu,
  INTERFACE_VERSION,
  segmentText,
  tlv,
  TLVS,
  type Pdu,
  type TlvName,
} from '../../src/smpp/index.ts'
import { PDUS, type PduRow } from '../../src/smpp/wire/pduTable.ts'
import { isMissing } from './debianProgram.ts'
import { dissect } from './dissect.ts'
import { dissectionDifferences } from './dissectionDifferences.ts'
import { DISSECTOR_FAULTS, withoutFaults } from './dissectorFaults.ts'
import { sampleTlvs } from './sampleTlvs.ts'
import { tsharkVersion } from './tsharkVersion.ts'
import { typicalPdu } from './typicalPdu.ts'

const withTshark = test.skipIf(isMissing('SIGNALBOX_NO_TSHARK'))
vi.setConfig({ testTimeout: 30_000 })

const SEED = 20_261_124
const RANDOM_PDUS = 600

/**
 * All differences between our view and that of Wireshark, each with the index and command of its
 * PDU.
 */
async function differencesOf(pdus: readonly Pdu[]): Promise<readonly string[]> {
  const dissections = await dissect(pdus.map(encodePdu))
  return pdus.flatMap((pdu, index) =>
    dissectionDifferences(pdu, dissections[index]!).map(
      (difference) => `${index} ${pdu.command}: ${difference}`,
    ),
  )
}

function hasTlvs(pdu: Pdu): boolean {
  return 'tlvs' in pdu && pdu.tlvs.length > 0
}

withTshark('Wireshark reads a typical PDU of each kind', async () => {
  expect(await differencesOf(ALL_COMMANDS.map((command) => typicalPdu(command)))).toEqual([])
})

withTshark('Wireshark reads each refusal that consists of its header', async () => {
  const responses = ALL_COMMANDS.filter((command) => PDUS[command].command_id >= 0x80000000)
  const refusals = responses.map((command) => ({
    command,
    command_status: 0x58,
    sequence_number: 0x7fffffff,
  }))
  // The encoder does not read the missing fields of a PDU without a body.
  expect(await differencesOf(refusals as unknown as Pdu[])).toEqual([])
})

withTshark('Wireshark reads binds of versions 3.3, 3.4 and 5.0, and their responses', async () => {
  const pdus = Object.values(INTERFACE_VERSION).flatMap((version): Pdu[] => [
    { ...typicalPdu('bind_transmitter'), interface_version: version },
    typicalPdu('bind_transmitter_resp', [tlv('sc_interface_version', version)]),
    { ...typicalPdu('bind_receiver'), interface_version: version },
    typicalPdu('bind_receiver_resp', [tlv('sc_interface_version', version)]),
    { ...typicalPdu('bind_transceiver'), interface_version: version },
    typicalPdu('bind_transceiver_resp', [tlv('sc_interface_version', version)]),
  ])
  expect(await differencesOf(pdus)).toEqual([])
})

withTshark('Wireshark reads sample values of every TLV', async () => {
  // The keys of TLVS are the names.
  const names = Object.keys(TLVS) as TlvName[]
  const samples = names.flatMap((name) => sampleTlvs(name))
  const pdus = samples.map((one) => withoutFaults(typicalPdu('data_sm', [one])))
  expect(await differencesOf(pdus)).toEqual([])
  const read = pdus.filter(hasTlvs)
  // The two TLVs that Wireshark reads wrongly are tested below.
  expect(new Set(read.map((pdu) => ('tlvs' in pdu ? pdu.tlvs[0]?.tag : 0))).size).toBe(
    names.length - 2,
  )
})

withTshark('Wireshark reads TLVs in each kind of PDU that may have them', async () => {
  const some = [
    tlv('user_message_reference', 0xbeef),
    tlv('callback_num', Buffer.from('\x01\x01\x014477')),
    tlv('callback_num', Buffer.from('\x01\x02\x010800')),
    { tag: 0x1403, octets: Buffer.from('310/410') },
    { tag: 0x3fff, octets: Buffer.alloc(0) },
    { tag: 0xffff, octets: Buffer.from('unknown') },
  ]
  const commands = ALL_COMMANDS.filter((command) => {
    const row: PduRow = PDUS[command]
    return row.tlvs
  })
  const pdus = commands.map((command) => withoutFaults(typicalPdu(command, some))).filter(hasTlvs)
  const payload = [...some, tlv('message_payload', Buffer.from('Hello, world'))]
  const inPayload = (['submit_sm', 'deliver_sm', 'submit_multi', 'replace_sm'] as const).map(
    (command) => ({ ...typicalPdu(command, payload), short_message: Buffer.alloc(0) }),
  )
  expect(await differencesOf([...pdus, ...inPayload])).toEqual([])
})

withTshark('Wireshark reads absolute and relative times correctly', async () => {
  const [dissection] = await dissect([encodePdu(typicalPdu('submit_sm'))])
  const shown = new Map(dissection?.fields.map(({ name, show }) => [name, show]))
  expect(shown.get('smpp.schedule_delivery_time')).toBe('Dec 31, 2026 23:59:58.700000000 UTC')
  const twoDaysThreeHours = ((2 * 24 + 3) * 60 + 4) * 60 + 5
  expect(shown.get('smpp.validity_period_r')).toBe(`${twoDaysThreeHours}.000000000`)
})

withTshark('Wireshark reads every kind of time in every PDU that has times', async () => {
  const pdus = ['261231235959948+', '261231235959912-', '000002000000000R', ''].flatMap((time) => [
    ...(['submit_sm', 'deliver_sm', 'replace_sm', 'broadcast_sm'] as const).map((command) => ({
      ...typicalPdu(command),
      schedule_delivery_time: time,
      validity_period: time,
    })),
    { ...typicalPdu('submit_multi'), schedule_delivery_time: time },
    { ...typicalPdu('query_sm_resp'), final_date: time },
  ])
  expect(await differencesOf(pdus)).toEqual([])
})

withTshark(
  'Wireshark reads our segments: with UDH, SAR TLVs, national tables or message_payload',
  async () => {
    const text = 'Grüße für 5 € [und mehr]. '.repeat(20)
    const russian = 'Привет, 東京 👋. '.repeat(20)
    const turkish = 'Işık, şeker, ağaç. '.repeat(20)
    const segmented = [
      segmentText(text, { by: 'udh8', reference: 1 }),
      segmentText(text, { by: 'udh16', reference: 2 }),
      segmentText(text, { by: 'sar', reference: 3 }),
      segmentText(text, { by: 'message_payload', reference: 4 }),
      segmentText(russian, { by: 'udh8', reference: 5 }),
      segmentText(turkish, { by: 'udh8', reference: 6, languages: [1] }),
    ]
    const pdus = segmented.flatMap((one) =>
      one.kind === 'segmented'
        ? one.segments.map((segment) => ({ ...typicalPdu('submit_sm'), ...segment }))
        : [],
    )
    expect(pdus.length).toBeGreaterThan(segmented.length * 2)
    expect(await differencesOf(pdus)).toEqual([])
  },
)

withTshark(
  'Wireshark reads 255 destinations, 255 failures, and PDUs of up to 65,536 octets',
  async () => {
    const multi = typicalPdu('submit_multi')
    const answer = typicalPdu('submit_multi_resp')
    const payload = tlv('message_payload', Buffer.alloc(40_000, 'x'))
    const pdus: Pdu[] = [
      { ...multi, dest_address: Array.from({ length: 255 }, () => multi.dest_address[0]!) },
      { ...answer, unsuccess_sme: Array.from({ length: 255 }, () => answer.unsuccess_sme[0]!) },
      { ...typicalPdu('submit_sm'), short_message: Buffer.alloc(255, 'x') },
      { ...typicalPdu('deliver_sm', [payload]), short_message: Buffer.alloc(0) },
      typicalPdu('data_sm', [tlv('message_payload', Buffer.alloc(65_487, 'x'))]),
    ]
    expect(encodePdu(pdus.at(-1)!)).toHaveLength(65_536)
    expect(await differencesOf(pdus)).toEqual([])
  },
)

withTshark(`Wireshark reads ${RANDOM_PDUS} PDUs of random fields`, async () => {
  const pdus = fc.sample(anyPdu, { numRuns: RANDOM_PDUS, seed: SEED }).map(withoutFaults)
  expect(new Set(pdus.map(({ command }) => command)).size).toBe(ALL_COMMANDS.length)
  expect(await differencesOf(pdus)).toEqual([])
})

withTshark.each(DISSECTOR_FAULTS)(
  'Wireshark 4.0 still has this defect: $what',
  async ({ pdu, differences }) => {
    const [dissection] = await dissect([encodePdu(pdu)])
    // The defect may be fixed in a later version of Wireshark.
    const expected = (await tsharkVersion()).startsWith('4.0.') ? [differences] : [differences, []]
    const advice =
      'this Wireshark behaves differently: correct or remove the entry in dissectorFaults.ts'
    expect(expected, advice).toContainEqual(dissectionDifferences(pdu, dissection!))
  },
)

withTshark('Wireshark reports a truncated TLV, a wrong length and leftover octets', async () => {
  const whole = typicalPdu('submit_sm', [tlv('source_port', 9200)])
  const octets = encodePdu(whole)
  const cut = Buffer.from(octets.subarray(0, -1))
  cut.writeUInt32BE(cut.length, 0)
  const longer = Buffer.concat([octets, Buffer.from([0, 5, 0, 1, 1])])
  longer.writeUInt32BE(longer.length, 0)
  const shifted = Buffer.from(octets)
  shifted.writeUInt8(11, shifted.indexOf('Hello, world') - 1)
  const dissections = await dissect([octets, cut, longer, shifted])
  const differences = dissections.map((one) => dissectionDifferences(whole, one))
  expect(differences[0]).toEqual([])
  for (const noticed of differences.slice(1)) expect(noticed).not.toEqual([])
})
