// The kinds of settings: how a row of the table reads its text.

import type { ComponentName } from './componentName.ts'

const DAY_MS = 86_400_000

/** A component, or `signalbox up`, which starts them. */
export type SettingReader = ComponentName | 'up'

/**
 * One row of the table: everything that a process, an error message, `signalbox config` and
 * docs/settings.md need.
 */
export interface Setting<T, Reader extends SettingReader = SettingReader> {
  readonly name: string
  readonly explanation: string
  /** A component sees only the settings that it reads: `ConfigOf` in settings.ts. */
  readonly readBy: readonly Reader[]
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
  /** The default in words, where it depends on the machine. */
  readonly fallbackInWords?: string
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
type Words<Reader extends SettingReader> = Pick<
  Setting<unknown, Reader>,
  'name' | 'explanation' | 'example' | 'readBy'
> &
  Partial<
    Pick<Setting<unknown>, 'secret' | 'neededBy' | 'expected' | 'underUp' | 'fallbackInWords'>
  >

/** The words of a number; its unit is part of what is expected. */
type NumberWords<Reader extends SettingReader> = Words<Reader> & { readonly unit?: string }

export interface Range {
  readonly min: number
  readonly max: number
}

export function text<T extends string | undefined, const Reader extends SettingReader>(
  fallback: T | ((env: NodeJS.ProcessEnv) => T),
  { accepts = /\S/, ...words }: Words<Reader> & { accepts?: RegExp },
): Setting<T | string, Reader> {
  return {
    expected: 'some text',
    secret: false,
    neededBy: [],
    ...words,
    fallback: typeof fallback === 'function' ? fallback : () => fallback,
    parse: (given) => (accepts.test(given) ? given : undefined),
  }
}

export function integer<T extends number | undefined, const Reader extends SettingReader>(
  fallback: T,
  { min, max }: Range,
  { unit, ...words }: NumberWords<Reader>,
): Setting<T | number, Reader> {
  return {
    expected: `${unit === undefined ? '' : `${unit}, `}a whole number from ${min} to ${max}`,
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

export function milliseconds<const Reader extends SettingReader>(
  fallback: number,
  max: number,
  words: Omit<Words<Reader>, 'example'>,
): Setting<number, Reader> {
  const example = String(fallback || 600_000)
  return integer(fallback, { min: 0, max }, { ...words, unit: 'milliseconds', example })
}

/** One that cannot be switched off. */
export function timeout<const Reader extends SettingReader>(
  fallback: number,
  words: Omit<Words<Reader>, 'example'>,
): Setting<number, Reader> {
  const range = { min: 100, max: DAY_MS }
  return integer(fallback, range, { ...words, unit: 'milliseconds', example: String(fallback) })
}

export function choice<const T extends string, const Reader extends SettingReader>(
  values: readonly T[],
  fallback: NoInfer<T>,
  words: Words<Reader>,
): Setting<T, Reader> {
  return {
    expected: `one of ${values.join(', ')}`,
    secret: false,
    neededBy: [],
    ...words,
    fallback: () => fallback,
    parse: (given) => values.find((value) => value === given),
  }
}
