// The kinds of field that a row of pduTable.ts is made of. Each is a case in compilePdu.ts.

export interface IntegerField {
  readonly kind: 'integer'
  readonly name: string
  readonly octets: 1 | 2 | 4
}

/** NUL-terminated, at most octetsMax octets with its NUL; commandStatus answers a longer one. */
export interface CStringField {
  readonly kind: 'cString'
  readonly name: string
  readonly octetsMax: number
  readonly commandStatus: number
}

/** Empty, or exactly 16 characters of SMPP 3.4 §7.1.1, and the NUL. */
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

/** What an entry of a list may hold. */
export type EntryField = IntegerField | CStringField

/** A count octet (`no_unsuccess`), then that many entries, all of the same fields. */
export interface ListField {
  readonly kind: 'list'
  readonly name: string
  readonly entry: readonly EntryField[]
  readonly commandStatus: number
}

/**
 * A count octet (`number_of_dests`, not 0), then that many entries, each of which begins with a
 * flag octet that says which of the fields follow.
 */
export interface ChoicesField {
  readonly kind: 'choices'
  readonly name: string
  readonly flag: string
  readonly choices: readonly { readonly flag: number; readonly fields: readonly EntryField[] }[]
  /** Answers a count of 0, and an unknown flag. */
  readonly commandStatus: number
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

/** The properties that fields make, each under its name. */
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

/** What a field is in a decoded PDU. */
export type FieldValue<F extends Field> = F extends ScalarField
  ? ScalarValue<F>
  : F extends ListField
    ? readonly EntryOf<F['entry']>[]
    : F extends ChoicesField
      ? readonly ChoiceOf<F['flag'], F['choices'][number]>[]
      : never
