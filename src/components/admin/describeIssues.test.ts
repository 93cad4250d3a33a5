import { expect, test } from 'vitest'
import { platformSchema } from '../../platform/platformDocument.ts'
import { describeIssues } from './describeIssues.ts'
import { labelled } from '../../platform/problemItem.ts'

function described(input: unknown): string[] {
  const result = platformSchema.safeParse(input)
  const issues = result.success ? [] : result.error.issues
  return describeIssues(platformSchema, issues, input).map((item) => labelled(item))
}

const keys = Object.keys(platformSchema.shape).join(', ')
const connector = { id: 'c', host: 'h', port: 2775, systemId: 's', password: 'p' }

test('a number out of place is told its whole range', () => {
  expect(described({ connectors: [{ ...connector, port: 'abc', tps: 0, binds: 1.5 }] })).toEqual([
    'connectors[0].port: expected a number from 1 to 65535, got "abc"',
    'connectors[0].binds: expected a whole number from 1 to 1000, got 1.5',
    'connectors[0].tps: expected a number above 0 and up to 100000, got 0',
  ])
})

test('an unknown key is named, with the known one that it resembles', () => {
  expect(described({ connectors: [{ ...connector, tsp: 5 }], conectors: [] })).toEqual([
    'connectors[0]: unknown key "tsp"; did you mean "tps"?',
    'unknown key "conectors"; did you mean "connectors"?',
  ])
})

test('an unknown key that resembles nothing is shown what there is', () => {
  expect(described({ prices: [] })).toEqual([`unknown key "prices"; known are ${keys}`])
})

test('what is missing is said to be missing', () => {
  expect(described({ accounts: [{}] })).toEqual(['accounts[0].id: is missing: expected text'])
})

test('words to choose from are listed', () => {
  expect(described({ connectors: [{ ...connector, onLinkLost: 'retry' }] })).toEqual([
    'connectors[0].onLinkLost: expected resubmit or fail, got "retry"',
  ])
})

test("the schema's own words are kept", () => {
  expect(described({ accounts: [{ id: 'a b' }], users: [{ id: 'alice', account: 'a' }] })).toEqual([
    'accounts[0].id: expected letters, digits, . _ - ; 1 to 63 characters, got "a b"',
    'users[0]: a user needs a password (for SMPP) or an apiKey (for HTTP)',
  ])
})

test('a secret is never repeated', () => {
  const long = 'x'.repeat(70)
  expect(described({ connectors: [{ ...connector, password: long }] }).join()).not.toContain('xxx')
})

test('a document that is no object at all is told so', () => {
  expect(described([])).toEqual([`expected an object with ${keys}, got a list`])
})
