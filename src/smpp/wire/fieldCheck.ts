// Finds fields that a PDU does not have. Without this check, a misspelled field would silently be
// encoded as 0 or empty. A complete PDU, as a decoder returns it, is not checked, because the check
// would add a fifth to the time of decoding and encoding it. Fields are usually in the order of the
// row, so the search for each name starts after the previous name. The name is looked up in a map
// only if that search fails.

import { orWhat } from './nearestName.ts'
import type { Field } from './pduField.ts'
import type { PduRow } from './pduTable.ts'
import { TLVS } from './tlvTable.ts'

type Body = Readonly<Record<string, unknown>>

/**
 * Properties of a whole PDU. A body may also have them, because a decoded PDU can be passed as a
 * body.
 */
const HEAD = ['command', 'command_status', 'sequence_number']
const TAIL = ['tlvs', 'bodyOctets']
/** encodeText returns this property together with the fields of a body. */
const BESIDE_TEXT = ['alphabet']

/**
 * Returns a check of a body. It throws TypeError if the body, or an entry in one of its lists, has
 * an unknown field.
 */
export function fieldCheck(command: string, { fields }: PduRow): (body: object) => void {
  const own = fields.map(({ name }) => name)
  const tail = own.includes('short_message') ? [...TAIL, ...BESIDE_TEXT] : TAIL
  const checkNames = nameCheck(command, HEAD, own, tail)
  const lists = fields.flatMap((field) => {
    const names = entryNames(field)
    return names ? [{ name: field.name, check: nameCheck(field.name, [], names, []) }] : []
  })
  if (lists.length === 0) return checkNames
  return (body) => {
    checkNames(body)
    for (const { name, check } of lists) {
      // Only names are checked here. The encoder checks that this is an array of objects.
      const entries = (body as Body)[name]
      if (Array.isArray(entries)) for (const entry of entries) check(Object(entry))
    }
  }
}

function nameCheck(owner: string, head: string[], own: string[], tail: string[]) {
  const names = [...head, ...own, ...tail]
  const places = new Map(names.map((name, place) => [name, place]))
  const offered = [...own, ...tail.slice(0, 1)]
  return (body: object): void => {
    let due = head.length > 0 && 'command' in body ? 0 : head.length
    for (const name in body) {
      while (due < names.length && names[due] !== name) due++
      if (due === names.length) due = places.get(name) ?? unknownField(owner, name, offered)
      due++
    }
  }
}

function entryNames(field: Field): string[] | undefined {
  if (field.kind === 'list') return field.entry.map(({ name }) => name)
  if (field.kind !== 'choices') return undefined
  const names = field.choices.flatMap(({ fields }) => fields.map(({ name }) => name))
  return [field.flag, ...new Set(names)]
}

function unknownField(owner: string, name: string, names: readonly string[]): never {
  const advice = Object.hasOwn(TLVS, name)
    ? `it is a TLV, so use tlvs: [tlv('${name}', …)]`
    : orWhat(name, names)
  throw new TypeError(`${owner} has no field ${name}: ${advice}`)
}
