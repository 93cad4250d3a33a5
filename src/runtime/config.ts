// The settings of a process. They are read once from the environment, checked together, and frozen.
// An unknown name or an invalid value stops the process with an error that lists all problems. An
// empty variable counts as not set. Secrets may also be read from files.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { closestName } from './closestName.ts'
import type { ComponentName } from './componentName.ts'
import { settings } from './settings.ts'
import type { Setting, SettingReader } from './setting.ts'
import type { Config } from './settings.ts'

export { definiteHost, HOST_OF_UP } from './settings.ts'
export type { Config, ConfigOf } from './settings.ts'

export class ConfigError extends Error {
  readonly code = 'SIGNALBOX_CONFIG'
  readonly problems: readonly string[]

  constructor(problems: readonly string[], options?: ErrorOptions) {
    super(problems.join('\n'), options)
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/** One line of `signalbox config`. The values of secrets are masked. */
export interface EffectiveSetting {
  readonly name: string
  readonly value: string
  readonly default: string
  readonly source: Source
  /** The value that `signalbox up` gives to components, if it differs from `value`. */
  readonly underUp?: string
  readonly readBy: readonly SettingReader[]
  readonly expected: string
  readonly explanation: string
}

type Source = 'default' | 'environment' | 'file'
type Given = { readonly text: string; readonly source: Source } | undefined

// `Object.entries` loses the type of the keys. The keys of `settings` are exactly those of Config.
const rows = Object.entries(settings) as [keyof Config, Setting<Config[keyof Config]>][]
const knownNames = rows.map(([, setting]) => setting.name)

/** Reads all settings. Throws a ConfigError that says which settings are invalid and why. */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const problems = unknownNames(env)
  const values = rows.map(([key, setting]) => {
    const given = readSetting(setting, env)
    const value = given ? setting.parse(given.text) : setting.fallback(env)
    if (given && value === undefined) problems.push(badValue(setting, given))
    return [key, value] as const
  })
  if (problems.length > 0) throw new ConfigError(problems)
  // Each value was parsed by the row of its own key, and the type of `settings` ties each row to
  // the field of Config with the same key.
  return Object.freeze(Object.fromEntries(values) as unknown as Config)
}

/** Throws a ConfigError if a setting that the component requires is missing. */
export function requireSettings(component: ComponentName, config: Config): void {
  const missing = rows.filter(
    ([key, { neededBy }]) => neededBy.includes(component) && config[key] === '',
  )
  if (missing.length === 0) return
  throw new ConfigError(
    missing.map(
      ([, { name, expected, example }]) =>
        `${name} is not set, and ${component} needs it. Expected ${expected}, ` +
        `for example ${example}`,
    ),
  )
}

/** All settings with their effective values for `signalbox config`, in the order of settings.ts. */
export function describeConfig(env: NodeJS.ProcessEnv = process.env): EffectiveSetting[] {
  const config = loadConfig(env)
  return rows.map(([key, setting]) => {
    const value = shown(config[key], setting.secret)
    const source = readSetting(setting, env)?.source ?? 'default'
    const { underUp } = setting
    const ofUp = underUp?.always || source === 'default' ? underUp?.value(env) : undefined
    return {
      name: setting.name,
      value,
      default: shown(setting.fallback({}), setting.secret),
      source,
      ...(ofUp !== undefined && ofUp !== value && { underUp: ofUp }),
      readBy: setting.readBy,
      expected: setting.expected,
      explanation: setting.explanation,
    }
  })
}

/** The name of the setting whose value is this port, for an error about the port. */
export function portSetting(config: Config, port: number): string | undefined {
  const row = rows.find(([key]) => key.endsWith('Port') && config[key] === port)
  return row?.[1].name
}

function readSetting(setting: Setting<unknown>, env: NodeJS.ProcessEnv): Given {
  const text = env[setting.name]?.trim()
  if (text) return { text, source: 'environment' }
  const folder = env[settings.secretsDir.name]?.trim()
  if (!setting.secret || !folder) return undefined
  const path = join(folder, setting.name)
  try {
    const content = readFileSync(path, 'utf8').trim()
    return content ? { text: content, source: 'file' } : undefined
  } catch (error) {
    // A missing file is allowed, because only the secrets that this process needs are mounted.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw new ConfigError([`${setting.name}: cannot read the file ${path}: ${String(error)}`], {
      cause: error,
    })
  }
}

function unknownNames(env: NodeJS.ProcessEnv): string[] {
  const unknown = Object.keys(env).filter(
    (name) => name.startsWith('SIGNALBOX_') && !knownNames.includes(name) && !injected(env, name),
  )
  return unknown.map((name) => {
    const closest = closestName(name, knownNames)
    const advice = closest
      ? `Did you mean ${closest}?`
      : 'Unset it, or see `signalbox config` for all settings.'
    return `${name} is not a setting of Signalbox. ${advice}`
  })
}

/** Whether the variable has the form of those that Kubernetes sets for each service. */
function injected(env: NodeJS.ProcessEnv, name: string): boolean {
  return (
    /_SERVICE_(HOST|PORT)(_\w+)?$/.test(name) ||
    /_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/.test(name) ||
    (name.endsWith('_PORT') && serviceLink.test(env[name] ?? ''))
  )
}

const serviceLink = /^(tcp|udp|sctp):\/\//

function badValue(setting: Setting<unknown>, { text, source }: NonNullable<Given>): string {
  const given = setting.secret ? '(a secret, not shown)' : JSON.stringify(text)
  const where = source === 'file' ? ', read from its file,' : ''
  const advice = serviceLink.test(text)
    ? '. Kubernetes sets this variable for a service. Set enableServiceLinks: false to prevent that'
    : ''
  return (
    `${setting.name}${where} is ${given}. Expected ${setting.expected}, ` +
    `for example ${setting.example}${advice}`
  )
}

function shown(value: unknown, secret: boolean): string {
  if (value === undefined || value === '') return '(not set)'
  return secret ? '********' : String(value)
}
