// Checks of options. A check throws TypeError for a value of the wrong type and RangeError for an
// invalid value of the right type. The error message names the option, its value and the valid
// values. An undefined option counts as missing.

import { nearestName, orWhat } from './nearestName.ts'

/** `name` is the full name of the option, such as 'timers.responseTimeoutMs'. */
export type OptionCheck = (value: unknown, name: string) => void

/** The check of each option of T. */
export type OptionChecks<T> = Readonly<Record<keyof T, OptionCheck>>

/** The maximum of `setTimeout`. A timer with a longer time fires immediately. */
const TIMER_MS_MAX = 2 ** 31 - 1

interface Wanted {
  readonly type: 'number' | 'string' | 'boolean' | 'function'
  /** A description such as 'an integer from 0 to 255'. */
  readonly words: string
  /** Whether error messages must not contain the value. */
  readonly isSecret?: boolean
}

function wanted<T>(
  { type, words, isSecret = false }: Wanted,
  holds: (value: T) => boolean = () => true,
): OptionCheck {
  return (value, name) => {
    const came = isSecret && typeof value === 'number' ? 'a number' : shown(value)
    const message = `${name} is ${came}: ${words} is needed`
    if (typeof value !== type) throw new TypeError(message)
    // The check above shows that the value has the type T, which `type` names.
    if (!holds(value as T)) throw new RangeError(message)
  }
}

export function integer(min: number, max = Number.MAX_SAFE_INTEGER): OptionCheck {
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`
  return wanted<number>(
    { type: 'number', words: `an integer ${range}` },
    (value) => Number.isInteger(value) && value >= min && value <= max,
  )
}

/** A time in milliseconds. */
export const timer: OptionCheck = wanted<number>(
  { type: 'number', words: `a number of milliseconds from 0 (off) to ${TIMER_MS_MAX}` },
  (value) => value >= 0 && value <= TIMER_MS_MAX,
)

export const flag: OptionCheck = wanted({ type: 'boolean', words: 'true or false' })

export const handler: OptionCheck = wanted({ type: 'function', words: 'a function' })

export const text: OptionCheck = wanted({ type: 'string', words: 'a string' })

export const secret: OptionCheck = wanted({ type: 'string', words: 'a string', isSecret: true })

/** A text for a field of limited length. */
export function shortText(charactersMax: number): OptionCheck {
  return wanted<string>(
    { type: 'string', words: `a string of at most ${charactersMax} characters` },
    (value) => value.length <= charactersMax,
  )
}

/** A port number. `min` is 0 for ports to listen on, because 0 selects any free port. */
export function port(min: 0 | 1): OptionCheck {
  return integer(min, 65_535)
}

export const host: OptionCheck = wanted<string>(
  { type: 'string', words: 'a name or an address' },
  (value) => value.trim() !== '',
)

/**
 * Checks that a value is one of `values`. For any other value, `hint` guesses which valid value was
 * meant.
 */
export function oneOf(
  values: readonly (string | number)[],
  words: string,
  hint: (wrong: unknown) => string | undefined,
): OptionCheck {
  return (value, name) => {
    if (values.some((one) => one === value)) return
    const meant = hint(value)
    const message = `${name} is ${shown(value)}: ${words} is needed`
    throw new TypeError(meant === undefined ? message : `${message}. Did you mean ${meant}?`)
  }
}

export const signal: OptionCheck = (value, name) => {
  if (value instanceof AbortSignal) return
  throw new TypeError(`${name} is ${shown(value)}: an AbortSignal is needed`)
}

/** The options that an object may have, and the names of the required ones. */
export interface Options<T> {
  readonly checks: OptionChecks<T>
  readonly needed?: readonly (keyof T & string)[]
}

interface AnyOptions {
  readonly checks: Readonly<Record<string, OptionCheck>>
  readonly needed?: readonly string[]
}

/** An object that has only these options. */
export function object<T>(options: Options<T>): OptionCheck {
  return (value, name) => checkEach(value, options, name, `${name}.`)
}

/**
 * An object with handlers of these names. It may also have other properties for its own state, if
 * they are not functions and their names do not resemble those of the handlers.
 */
export function handlers<T>({ checks, needed = [] }: Options<T>): OptionCheck {
  const names = Object.keys(checks)
  return (value, name) => {
    if (!isObject(value)) throw noObject(value, name)
    const prefix = `${name}.`
    for (const [key, one] of Object.entries(value)) {
      const isMeant = typeof one === 'function' || nearestName(key, names) !== undefined
      if (isMeant && !Object.hasOwn(checks, key)) throw unknownOption(key, checks, prefix)
    }
    checkKnown(value, { checks, needed }, prefix)
  }
}

/**
 * Throws TypeError or RangeError if an option is unknown or its value is invalid. Values that only
 * the peer can judge, such as a password, are not checked. `of` is the name of the function that
 * received the options.
 */
export function checkOptions(of: string, options: unknown, allowed: AnyOptions): void {
  checkEach(options, allowed, `the argument of ${of}`, '')
}

/** `prefix` precedes the name of each option in messages. */
export function checkEach(
  value: unknown,
  { checks, needed = [] }: AnyOptions,
  name: string,
  prefix: string,
): void {
  if (!isObject(value)) throw noObject(value, name)
  const unknown = Object.keys(value).find((key) => !Object.hasOwn(checks, key))
  if (unknown !== undefined) throw unknownOption(unknown, checks, prefix)
  checkKnown(value, { checks, needed }, prefix)
}

function checkKnown(
  value: Readonly<Record<string, unknown>>,
  { checks, needed = [] }: AnyOptions,
  prefix: string,
): void {
  for (const [key, check] of Object.entries(checks))
    if (value[key] !== undefined || needed.includes(key)) check(value[key], prefix + key)
}

function noObject(value: unknown, name: string): TypeError {
  return new TypeError(`${name} is ${shown(value)}: an object is needed`)
}

function unknownOption(key: string, checks: object, prefix: string): TypeError {
  return new TypeError(`${prefix}${key} is unknown: ${orWhat(key, Object.keys(checks))}`)
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Formats a value for an error message: short, and on one line. */
export function shown(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)
    case 'object':
      if (value === null) return 'null'
      return Array.isArray(value) ? 'an array' : 'an object'
    case 'function':
      return 'a function'
    case 'undefined':
      return 'missing'
    default:
      return String(value)
  }
}
