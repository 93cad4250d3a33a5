// Tables of docs/smpp-api.md, generated from the tables of status codes, PDUs and TLVs.

import { classify } from '../src/smpp/wire/commandStatus.ts'
import type { Field } from '../src/smpp/wire/pduField.ts'
import { PDUS, type PduRow } from '../src/smpp/wire/pduTable.ts'
import { TLVS, type TlvRow } from '../src/smpp/wire/tlvTable.ts'
import { code, hex, oneLine, tableOf } from './markdownTable.ts'
import type { Exported } from './readExports.ts'

export function statusTable(exports: readonly Exported[]): string {
  const rows = exports.map(({ name, doc, declaration }) => {
    const value = declaration.replace(/^.* = /, '')
    return [code(name), code(value), classify(Number(value)), oneLine(doc)]
  })
  const intro = 'Each code is an exported constant. The class is the result of `classify`.'
  return [intro, ...tableOf(['name', 'value', 'class', ''], rows)].join('\n\n')
}

const PDU_INTRO = `### Fields of each PDU

The fields are listed in wire order, each with its type:

- \`C16\` is a string of at most 15 characters and its NUL.
- \`i1\` is a number of one octet.
- \`time\` is empty or has the 16 characters of SMPP 3.4 §7.1.1.
- \`octets\` is a Buffer of at most 255 octets. Its length field \`sm_length\` is implied.
- \`tlvs\` is a list of \`Tlv\`.

PDUs without the field \`tlvs\` may still carry vendor-specific TLVs. Their property \`tlvs\` is
missing if there are no TLVs.`

export function pduTable(): string {
  const rows = Object.entries<PduRow>(PDUS).map(([name, row]) => [
    code(name),
    hex(row.command_id, 8),
    (row.since / 16).toFixed(0) + '.' + (row.since % 16),
    sendersOf(name, row),
    [...row.fields.map(fieldText), ...(row.tlvs ? ['`tlvs`'] : [])].join(', '),
  ])
  return [PDU_INTRO, ...tableOf(['PDU', 'command_id', 'since', 'sent by', 'fields'], rows)].join(
    '\n\n',
  )
}

function sendersOf(name: string, { esme, mc }: PduRow): string {
  if (name.endsWith('_resp') || name === 'generic_nack') return 'both'
  const sides = [
    { side: 'ESME', states: esme },
    { side: 'MC', states: mc },
  ]
  return sides
    .filter(({ states }) => states.length > 0)
    .map(({ side, states }) => `${side}: ${states.join(' ')}`)
    .join('; ')
}

function fieldText(field: Field): string {
  switch (field.kind) {
    case 'integer':
      return `\`${field.name}\` i${field.octets}`
    case 'cString':
      return `\`${field.name}\` C${field.octetsMax}`
    case 'list':
      return `\`${field.name}\` list of (${field.entry.map(fieldText).join(', ')})`
    case 'choices': {
      const choices = field.choices.map(
        ({ flag, fields }) => `\`${field.flag}\` ${flag}, ${fields.map(fieldText).join(', ')}`,
      )
      return `\`${field.name}\` list of (${choices.join(', or ')})`
    }
    default:
      return `\`${field.name}\` ${field.kind}`
  }
}

export function tlvTable(): string {
  const rows = Object.entries<TlvRow>(TLVS).map(([name, { tag, type }]) => {
    const value = { integer: 'number', cString: 'string', octets: 'Buffer' }[type.kind]
    return [code(name), hex(tag, 4), value, sizeOf(type)]
  })
  const intro =
    '### Values of each TLV\n\nA string is sent with its NUL, which is included in its size.'
  return [intro, ...tableOf(['name', 'tag', 'value', 'octets'], rows)].join('\n\n')
}

function sizeOf(type: TlvRow['type']): string {
  if (type.kind === 'integer') {
    const { octets, min, max } = type
    return min === 0 && max === 2 ** (8 * octets) - 1 ? `${octets}` : `${octets}: ${min}-${max}`
  }
  const { octetsMin, octetsMax } = type
  return octetsMin === octetsMax ? String(octetsMax) : `${octetsMin}-${octetsMax}`
}
