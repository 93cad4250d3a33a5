import { encodePdu, type Pdu } from '../../src/smpp/index.ts'
import { PDUS } from '../../src/smpp/wire/pduTable.ts'
import type { DissectedField, Dissection } from './dissect.ts'
import { fieldSpans } from './fieldSpans.ts'
import { shownFields, type ShownField } from './shownFields.ts'

/**
 * Compares Wireshark's view of a PDU with ours. Each difference is one line: malformed packets,
 * expert messages, leftover octets, and fields that are missing, unexpected, misplaced or
 * different.
 */
export function dissectionDifferences(pdu: Pdu, dissection: Dissection): readonly string[] {
  if (dissection.smppLayers !== 1) return [`${dissection.smppLayers} SMPP PDUs in the packet`]
  const isWhole = encodePdu(pdu).length > HEADER_OCTETS
  const wanted = shownFields(fieldSpans(pdu, isWhole))
  const shown = dissection.fields.filter(({ name }) => !GROUPS.test(name))
  return [
    ...dissection.complaints.map((said) => `complains: ${said}`),
    ...dissection.otherLayers.map((layer) => `then ${layer}`),
    ...namedOtherwise(pdu, shown),
    ...wanted
      .filter((one) => !one.isEmpty && !shown.some((field) => isSame(one, field)))
      .map(missing),
    ...shown.filter((field) => !wanted.some((one) => isSame(one, field))).map(unexpected),
  ]
}

const HEADER_OCTETS = 16
/** Fields that contain other fields, or that explain octets which have their own field. */
const GROUPS = /^smpp\.(opt_params?|message_text|dcs\..*|broadcast_area_identifier\.format)$/

function missing({ name, at, octets, value = '' }: ShownField): string {
  const said = Buffer.isBuffer(value) ? value.toString('hex') : JSON.stringify(value)
  return `not seen: ${name} ${said} in ${octets} octets at ${at}`
}

function unexpected({ name, at, octets, show }: DissectedField): string {
  return `seen: ${name} ${JSON.stringify(show)} in ${octets} octets at ${at}`
}

function namedOtherwise({ command }: Pdu, shown: readonly DissectedField[]): readonly string[] {
  const { showName = '' } = shown.find(({ name }) => name === 'smpp.command_id') ?? {}
  const name = /^Operation: (.*) \(0x([0-9a-f]{8})\)$/.exec(showName) ?? []
  const said = (name[1] ?? '').toLowerCase().replace(' - resp', '_resp')
  const isRight = said === command && Number(`0x${name[2]}`) === PDUS[command].command_id
  return isRight ? [] : [`${command} is named: ${showName}`]
}

function isSame(wanted: ShownField, shown: DissectedField): boolean {
  return (
    wanted.name === shown.name &&
    wanted.at === shown.at &&
    wanted.octets === shown.octets &&
    isSameValue(wanted.value, shown.show)
  )
}

/** Wireshark chooses the base of numbers, shows octets with colons, and omits some values. */
function isSameValue(wanted: ShownField['value'], show: string): boolean {
  if (wanted === undefined || show === '') return true
  if (typeof wanted === 'number') return Number(show) === wanted
  if (typeof wanted === 'string') return show === wanted || !isPlain(wanted)
  const text = wanted.toString('latin1').replace(/\0$/, '')
  return (
    show.replaceAll(':', '') === wanted.toString('hex') ||
    (wanted.length <= 4 && Number(show) === wanted.readUIntBE(0, wanted.length)) ||
    show === text ||
    !isPlain(text)
  )
}

/**
 * Whether a text is printable ASCII. Wireshark shows other characters with replacements and
 * escapes.
 */
function isPlain(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text)
}
