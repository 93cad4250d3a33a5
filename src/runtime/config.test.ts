import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ConfigError, describeConfig, loadConfig, portSetting, requireSettings } from './config.ts'
import { settings } from './settings.ts'

test('an empty environment gives the documented defaults in a frozen object', () => {
  const config = loadConfig({})
  expect(config).toMatchObject({
    home: '.signalbox',
    host: '0.0.0.0',
    smppPort: 2775,
    httpPort: 8080,
    routerPort: 7070,
    adminPort: 8090,
    healthPort: undefined,
    drainTimeoutMs: 20_000,
    databasePoolSize: 6,
    ports: 'default',
  })
  expect(Object.isFrozen(config)).toBe(true)
})

test('values are trimmed, and an empty variable counts as not set', () => {
  const config = loadConfig({ SIGNALBOX_SMPP_PORT: ' 2780 ', SIGNALBOX_HOME: '' })
  expect(config.smppPort).toBe(2780)
  expect(config.home).toBe('.signalbox')
})

test('every setting accepts its own default and its own example', () => {
  for (const setting of Object.values(settings)) {
    const fallback = setting.fallback({})
    if (fallback !== undefined && fallback !== '') {
      expect(setting.parse(String(fallback)), setting.name).toBe(fallback)
    }
    if (setting.example.startsWith('the output of')) continue
    expect(setting.parse(setting.example), setting.name).toBeDefined()
  }
})

test('an unknown name is an error that suggests the closest known name', () => {
  expect(problemsOf({ SIGNALBOX_LOGLEVEL: 'debug' })).toEqual([
    'SIGNALBOX_LOGLEVEL is not a setting of Signalbox. Did you mean SIGNALBOX_LOG_LEVEL?',
  ])
  expect(problemsOf({ SIGNALBOX_XQZ: '1' })[0]).toContain('`signalbox config`')
})

test('the error lists all invalid settings, each with the expected value and an example', () => {
  const problems = problemsOf({ SIGNALBOX_SMPP_PORT: '70000', SIGNALBOX_LOG_FORMAT: 'xml' })
  expect(problems).toHaveLength(2)
  expect(problems.join('\n')).toContain('a whole number from 0 to 65535, for example 2775')
  expect(problems.join('\n')).toContain('"xml". Expected one of json, pretty, auto')
})

test.each(['-1', '1.5', '1e3', '0x10', 'many', '99999999999999'])(
  '%s is not a whole number of milliseconds',
  (text) => {
    expect(problemsOf({ SIGNALBOX_DRAIN_TIMEOUT_MS: text })).toHaveLength(1)
  },
)

test('a secret never appears in an error or in the output of describeConfig', () => {
  const env = { DATABASE_URL: 'mysql://hidden-word@host/db' }
  expect(problemsOf(env)[0]).not.toContain('hidden-word')
  const shown = describeConfig({ SIGNALBOX_ADMIN_TOKEN: 'hidden-word-hidden-word' })
  expect(JSON.stringify(shown)).not.toContain('hidden-word')
})

test('describeConfig gives the value, default and source of each setting', () => {
  const shown = describeConfig({ SIGNALBOX_SMPP_PORT: '2780' })
  expect(shown.find(({ name }) => name === 'SIGNALBOX_SMPP_PORT')).toMatchObject({
    value: '2780',
    default: '2775',
    source: 'environment',
  })
  expect(shown).toHaveLength(Object.keys(settings).length)
})

test('describeConfig gives the value under `signalbox up` only if that value differs', () => {
  const underUp = (env: NodeJS.ProcessEnv) =>
    Object.fromEntries(describeConfig(env).map(({ name, underUp: ofUp }) => [name, ofUp]))
  expect(underUp({})).toMatchObject({
    SIGNALBOX_HOST: '127.0.0.1',
    SIGNALBOX_ADVERTISE_HOST: '127.0.0.1',
    SIGNALBOX_SMPP_PORT: undefined,
  })
  expect(underUp({ SIGNALBOX_HOST: '10.0.0.7' })).toMatchObject({
    SIGNALBOX_HOST: undefined,
    SIGNALBOX_ADVERTISE_HOST: undefined,
  })
})

test('a secret is read from the file named after its variable unless the variable is set', () => {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-secrets-'))
  writeFileSync(join(folder, 'SIGNALBOX_ADMIN_TOKEN'), 'token-from-the-file\n')
  const env = { SIGNALBOX_SECRETS_DIR: folder }
  expect(loadConfig(env).adminToken).toBe('token-from-the-file')
  expect(loadConfig({ ...env, SIGNALBOX_ADMIN_TOKEN: 'token-from-outside' }).adminToken).toBe(
    'token-from-outside',
  )
  rmSync(folder, { recursive: true })
})

test("Kubernetes' service variables are ignored, and a clash with a setting is explained", () => {
  const injected = {
    SIGNALBOX_GATEWAY_SERVICE_HOST: '10.0.0.1',
    SIGNALBOX_GATEWAY_PORT: 'tcp://10.0.0.1:2775',
    SIGNALBOX_GATEWAY_PORT_2775_TCP_ADDR: '10.0.0.1',
  }
  expect(loadConfig(injected).smppPort).toBe(2775)
  const clash = problemsOf({ SIGNALBOX_ROUTER_PORT: 'tcp://10.0.0.1:7070' })
  expect(clash[0]).toContain('enableServiceLinks: false')
})

test('requireSettings throws an error that names the missing settings of a component', () => {
  const config = loadConfig({ DATABASE_URL: 'postgres://localhost/signalbox' })
  expect(() => requireSettings('dlr', config)).not.toThrow()
  expect(() => requireSettings('admin', config)).toThrow(/SIGNALBOX_ADMIN_TOKEN is not set/)
})

test('portSetting gives the name of the setting whose value is the given port', () => {
  expect(portSetting(loadConfig({}), 7070)).toBe('SIGNALBOX_ROUTER_PORT')
  expect(portSetting(loadConfig({}), 1)).toBeUndefined()
})

test('the advertised host is the configured host, or an address of this machine', () => {
  expect(loadConfig({ SIGNALBOX_HOST: '127.0.0.1' }).advertiseHost).toBe('127.0.0.1')
  expect(loadConfig({}).advertiseHost).toMatch(/^[\d.]+$/)
})

function problemsOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    loadConfig(env)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}
