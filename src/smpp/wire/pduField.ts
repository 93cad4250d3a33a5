// The kinds of field in the rows of pduTable.ts. compilePdu.ts has a case for each kind.

export interface IntegerField {
  readonly kind: 'integer'
  readonly name: string
  readonly octets: 1 | 2 | 4
}

/**
 * A NUL-terminated string of at most octetsMax octets, including the NUL. A longer string is
 * answered with commandStatus.
 */
export interface CStringField {
  readonly kind: 'cString'
  readonly name: string
  readonly octetsMax: number
  readonly commandStatus: number
}

/** A NUL-terminated time: empty, or 16 characters in the format of SMPP 3.4 §7.1.1. */
export interface TimeField {
  readonly kind: 'time'
  readonly name: string
  readonly commandStatus: number
}

/** A length octet (`sm_length`), then that many octets. */
export interface OctetsField {
  readonly kind: 'octets'
  readonly name: string
  readonly commandStatus: number
}

export type ScalarField = IntegerField | CStringField | TimeField | OctetsField

/** The kinds of field that an entry of a list may have. */
export type EntryField = IntegerField | CStringField

/** A count octet (`no_unsuccess`), then that many entries, all with the same fields. */
export interface ListField {
  readonly kind: 'list'
  readonly name: string
  readonly entry: readonly EntryField[]
  readonly commandStatus: number
}

/**
 * A count octet (`number_of_dests`, not 0), then that many entries. Each entry begins with a flag
 * octet, which says which fields follow it.
 */
export interface ChoicesField {
  readonly kind: 'choices'
  readonly name: string
  readonly flag: string
  readonly choices: readonly { readonly flag: number; readonly fields: readonly EntryField[] }[]
  /** The answer to a count of 0. */
  readonly commandStatus: number
  /** The answer to an unknown flag. */
  readonly flagStatus: number
}

export type Field = ScalarField | ListField | ChoicesField

export function int<const N extends string, const W extends 1 | 2 | 4>(name: N, octets: W) {
  return { kind: 'integer', name, octets } as const satisfies IntegerField
}

export function cString<const N extends string>(name: N, octetsMax: number, commandStatus: number) {
  return { kind: 'cString', name, octetsMax, commandStatus } as const satisfies CStringField
}

export function time<const N extends string>(name: N, commandStatus: number) {
  return { kind: 'time', name, commandStatus } as const satisfies TimeField
}

export function octets<const N extends string>(name: N, commandStatus: number) {
  return { kind: 'octets', name, commandStatus } as const satisfies OctetsField
}

export function list<const N extends string, const E extends readonly EntryField[]>(
  name: N,
  entry: E,
  commandStatus: number,
) {
  return { kind: 'list', name, entry, commandStatus } as const satisfies ListField
}

export function choices<
  const N extends string,
  const F extends string,
  const C extends ChoicesField['choices'],
>(name: N, flag: F, of: C, commandStatus: number, flagStatus: number) {
  return {
    kind: 'choices',
    name,
    flag,
    choices: of,
    commandStatus,
    flagStatus,
  } as const satisfies ChoicesField
}

type ScalarValue<F extends ScalarField> = F extends IntegerField
  ? number
  : F extends OctetsField
    ? Buffer
    : string

/** An object type with one property for each field. */
type EntryOf<Fs extends readonly EntryField[]> = {
  [F in Fs[number] as F['name']]: ScalarValue<F>
}

type Flattened<T> = { [K in keyof T]: T[K] }

type ChoiceOf<N extends string, C> = C extends {
  readonly flag: infer V
  readonly fields: infer Fs extends readonly EntryField[]
}
  ? Flattened<Record<N, V> & EntryOf<Fs>>
  : never

/** The type of a field's value in a decoded PDU. */
export type FieldValue<F extends Field> = F extends ScalarField
  ? ScalarValue<F>
  : F extends ListField
    ? readonly EntryOf<F['entry']>[]
    : F extends ChoicesField
      ? readonly ChoiceOf<F['flag'], F['choices'][number]>[]
      : never
