import { type Pdu, type Tlv, tlvName } from '../../src/smpp/index.ts'
import type { EntryField, Field } from '../../src/smpp/wire/pduField.ts'
import { PDUS, type PduRow } from '../../src/smpp/wire/pduTable.ts'

/** The position and value of a field in the octets of a PDU. */
export interface FieldSpan {
  /** The name of the field in its row, or `tag`, `length` or `tlv:` and the name of the TLV. */
  readonly name: string
  /** The offset from the start of the PDU. */
  readonly at: number
  /** The length in octets. */
  readonly octets: number
  readonly value: string | number | Buffer
}

type Fields = Readonly<Record<string, unknown>>

/**
 * Every field of a PDU in the order of the wire, without gaps. Computed from the row of the PDU,
 * independently of the encoder. `withBody` is false for a refusal that consists of its header.
 */
export function fieldSpans(pdu: Pdu, withBody: boolean): readonly FieldSpan[] {
  const row: PduRow = PDUS[pdu.command]
  const spans = new Spans()
  spans.add('command_length', 4, 0)
  spans.add('command_id', 4, row.command_id)
  spans.add('command_status', 4, pdu.command_status)
  spans.add('sequence_number', 4, pdu.sequence_number)
  if (withBody) {
    // Each PDU has the fields of its row as properties.
    for (const field of row.fields) spans.addField(field, pdu as Fields)
    for (const one of 'tlvs' in pdu ? pdu.tlvs : []) spans.addTlv(one)
  }
  return spans.whole()
}

class Spans {
  readonly #all: FieldSpan[] = []
  #at = 0

  /** All spans; command_length gets their total length as its value. */
  whole(): readonly FieldSpan[] {
    return this.#all.map((span) => (span.at === 0 ? { ...span, value: this.#at } : span))
  }

  add(name: string, octets: number, value: FieldSpan['value']): void {
    this.#all.push({ name, at: this.#at, octets, value })
    this.#at += octets
  }

  addTlv({ tag, octets }: Tlv): void {
    this.add('tag', 2, tag)
    this.add('length', 2, octets.length)
    this.add(`tlv:${tlvName(tag) ?? ''}`, octets.length, octets)
  }

  addField(field: Field, owner: Fields): void {
    const value = owner[field.name]
    switch (field.kind) {
      case 'list':
        return this.#addEntries(field.name, value, () => field.entry)
      case 'choices':
        return this.#addEntries(field.name, value, (entry) => {
          this.add(field.flag, 1, Number(entry[field.flag]))
          return field.choices.find(({ flag }) => flag === entry[field.flag])?.fields ?? []
        })
      case 'octets': {
        // The value of a field of this kind is a Buffer.
        const octets = value as Buffer
        this.add('sm_length', 1, octets.length)
        return this.add(field.name, octets.length, octets)
      }
      default:
        return this.#addScalar(field, value)
    }
  }

  #addScalar(field: Exclude<Field, { kind: 'list' | 'choices' | 'octets' }>, value: unknown) {
    if (field.kind === 'integer') this.add(field.name, field.octets, Number(value))
    else this.add(field.name, String(value).length + 1, String(value))
  }

  #addEntries(
    name: string,
    value: unknown,
    fieldsOf: (entry: Fields) => readonly EntryField[],
  ): void {
    // The value of a field of these kinds is an array of objects.
    const entries = value as readonly Fields[]
    this.add(name, 1, entries.length)
    for (const entry of entries)
      for (const field of fieldsOf(entry)) this.#addScalar(field, entry[field.name])
  }
}
