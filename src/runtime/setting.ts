// The kinds of settings. Each kind defines how the text of a setting is parsed.

import type { ComponentName } from './componentName.ts'

const DAY_MS = 86_400_000

/** A component, or `signalbox up`, which starts all components. */
export type SettingReader = ComponentName | 'up'

/**
 * One row of the table in settings.ts. It has the information that processes, error messages,
 * `signalbox config` and docs/settings.md need.
 */
export interface Setting<T, Reader extends SettingReader = SettingReader> {
  readonly name: string
  readonly explanation: string
  /** The components that read the setting. The type `ConfigOf` hides it from all others. */
  readonly readBy: readonly Reader[]
  /** The text after the word "Expected" in error messages. */
  readonly expected: string
  readonly example: string
  /**
   * Whether the value is a secret. A secret is never printed. If the variable is not set, the value
   * is read from the file in SIGNALBOX_SECRETS_DIR that has the name of the setting.
   */
  readonly secret: boolean
  /** The components that do not start without the setting. */
  readonly neededBy: readonly ComponentName[]
  /** The value that `signalbox up` gives to components instead of the default, if any. */
  readonly underUp?: UnderUp
  fallback(env: NodeJS.ProcessEnv): T
  /** A description of the default, if the default depends on the machine. */
  readonly fallbackInWords?: string
  /** Returns undefined if the text is not a valid value. */
  parse(text: string): T | undefined
}

/** The value that `signalbox up` gives to its components, or a description of that value. */
export interface UnderUp {
  readonly value: (env: NodeJS.ProcessEnv) => string
  /** Whether this value replaces even a value from the environment. */
  readonly always?: boolean
}

/** The properties that each row states itself. All others follow from the kind of the setting. */
type Words<Reader extends SettingReader> = Pick<
  Setting<unknown, Reader>,
  'name' | 'explanation' | 'example' | 'readBy'
> &
  Partial<
    Pick<Setting<unknown>, 'secret' | 'neededBy' | 'expected' | 'underUp' | 'fallbackInWords'>
  >

/** The properties of a numeric row. The unit becomes part of `expected`. */
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

/** A time limit in milliseconds that cannot be switched off. */
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
