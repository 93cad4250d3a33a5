import { expect, test } from 'vitest'
import { platformSchema } from '../platform/platformDocument.ts'
import { describeIssues } from './describeIssues.ts'
import { labelled } from '../platform/problemItem.ts'

function described(input: unknown): string[] {
  const result = platformSchema.safeParse(input)
  const issues = result.success ? [] : result.error.issues
  return describeIssues(platformSchema, issues, input).map((item) => labelled(item))
}

const keys = Object.keys(platformSchema.shape).join(', ')
const connector = { id: 'c', host: 'h', port: 2775, systemId: 's', password: 'p' }

test('a platform document has keys for its kinds of resources', () => {
  expect(keys).toContain('accounts, users, connectors, routeTable')
})

test('the message for an invalid number states both ends of the allowed range', () => {
  expect(described({ connectors: [{ ...connector, port: 'abc', tps: 0, binds: 1.5 }] })).toEqual([
    'connectors[0].port: expected a number from 1 to 65535, got "abc"',
    'connectors[0].binds: expected a whole number from 1 to 1000, got 1.5',
    'connectors[0].tps: expected a number above 0 and up to 100000, got 0',
  ])
})

test('the message for an unknown key suggests the most similar known key', () => {
  expect(described({ connectors: [{ ...connector, tsp: 5 }], conectors: [] })).toEqual([
    'connectors[0]: unknown key "tsp"; did you mean "tps"?',
    'unknown key "conectors"; did you mean "connectors"?',
  ])
})

test('the message for an unknown key lists all known keys if none of them is similar', () => {
  expect(described({ prices: [] })).toEqual([`unknown key "prices"; known keys: ${keys}`])
})

test('a missing field is reported as missing', () => {
  expect(described({ accounts: [{}] })).toEqual(['accounts[0].id: missing; expected text'])
})

test('the message for an invalid word lists the allowed words', () => {
  expect(described({ connectors: [{ ...connector, onLinkLost: 'retry' }] })).toEqual([
    'connectors[0].onLinkLost: expected resubmit or fail, got "retry"',
  ])
})

test('a message that the schema itself defines is used unchanged', () => {
  expect(described({ accounts: [{ id: 'a b' }], users: [{ id: 'alice', account: 'a' }] })).toEqual([
    'accounts[0].id: expected letters, digits, . _ - ; 1 to 63 characters, got "a b"',
    'users[0]: a user needs a password (for SMPP) or an apiKey (for HTTP)',
  ])
})

test('a message never contains the value of a secret field', () => {
  const long = 'x'.repeat(70)
  expect(described({ connectors: [{ ...connector, password: long }] }).join()).not.toContain('xxx')
})

test('the message for a document that is not an object lists the expected keys', () => {
  expect(described([])).toEqual([`expected an object with ${keys}, got a list`])
})
