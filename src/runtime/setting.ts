// The kinds of settings: how a row of the table reads its text.

import type { ComponentName } from './componentName.ts'

const DAY_MS = 86_400_000

/** One row of the table: everything a process, an error message and `signalbox config` need. */
export interface Setting<T> {
  readonly name: string
  readonly explanation: string
  /** Completes the sentence "expected …". */
  readonly expected: string
  readonly example: string
  /** Never printed; may also come from a file of the same name in SIGNALBOX_SECRETS_DIR. */
  readonly secret: boolean
  /** The components that refuse to start without it. */
  readonly neededBy: readonly ComponentName[]
  /** Where `signalbox up` has its own way. */
  readonly underUp?: UnderUp
  fallback(env: NodeJS.ProcessEnv): T
  /** Undefined: not a valid value. */
  parse(text: string): T | undefined
}

/** What the components of `signalbox up` get, in words where it is no fixed value. */
export interface UnderUp {
  readonly value: (env: NodeJS.ProcessEnv) => string
  /** Also if the variable is set. */
  readonly always?: boolean
}

/** What the author of a row says; the rest follows from its kind. */
export type Words = Pick<Setting<unknown>, 'name' | 'explanation' | 'example'> &
  Partial<Pick<Setting<unknown>, 'secret' | 'neededBy' | 'expected' | 'underUp'>>

export interface Range {
  readonly min: number
  readonly max: number
}

export function text<T extends string | undefined>(
  fallback: T | ((env: NodeJS.ProcessEnv) => T),
  { accepts = /\S/, ...words }: Words & { accepts?: RegExp },
): Setting<T | string> {
  return {
    expected: 'some text',
    secret: false,
    neededBy: [],
    ...words,
    fallback: typeof fallback === 'function' ? fallback : () => fallback,
    parse: (given) => (accepts.test(given) ? given : undefined),
  }
}

export function integer<T extends number | undefined>(
  fallback: T,
  { min, max }: Range,
  words: Words,
): Setting<T | number> {
  return {
    expected: `a whole number from ${min} to ${max}`,
    secret: false,
    neededBy: [],
    ...words,
    fallback: () => fallback,
    parse: (given) => {
      const value = /^\d{1,12}$/.test(given) ? Number(given) : Number.NaN
      return value >= min && value <= max ? value : undefined
    },
  }
}

export function milliseconds(
  fallback: number,
  max: number,
  words: Omit<Words, 'example'>,
): Setting<number> {
  return integer(
    fallback,
    { min: 0, max },
    {
      ...words,
      expected: `milliseconds, a whole number from 0 to ${max}`,
      example: String(fallback || 600_000),
    },
  )
}

/** One that cannot be switched off. */
export function timeout(fallback: number, words: Omit<Words, 'example'>): Setting<number> {
  const range = { min: 100, max: DAY_MS }
  return integer(fallback, range, {
    ...words,
    expected: `milliseconds, a whole number from ${range.min} to ${range.max}`,
    example: String(fallback),
  })
}

export function choice<const T extends string>(
  values: readonly T[],
  fallback: NoInfer<T>,
  words: Words,
): Setting<T> {
  return {
    expected: `one of ${values.join(', ')}`,
    secret: false,
    neededBy: [],
    ...words,
    fallback: () => fallback,
    parse: (given) => values.find((value) => value === given),
  }
}
