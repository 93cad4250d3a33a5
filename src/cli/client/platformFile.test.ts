import { expect, test } from 'vitest'
import { CliError } from './cliError.ts'
import { ProblemResponse } from './httpCall.ts'
import { parsePlatform, readPlatformFile, withPlaces } from './platformFile.ts'

const YAML = `# demo
accounts:
  - id: demo
connectors:
  - &smsc
    id: smsc
    host: localhost
    port: abc
  - <<: *smsc
    id: other
    tsp: 5
routeTable:
  routes: [{ prefix: '43', connector: smsc }]
`

function problem(errors: string[], pointers: string[]) {
  return { title: '', detail: 'many', errors, pointers }
}

test('comments, anchors and merge keys are supported', () => {
  expect(parsePlatform(YAML, 'platform.yaml').document).toMatchObject({
    accounts: [{ id: 'demo' }],
    connectors: [{ id: 'smsc' }, { id: 'other', host: 'localhost', port: 'abc' }],
  })
})

test('errors from the server are shown with their line and column in the file', () => {
  const file = parsePlatform(YAML, 'platform.yaml')
  const text = file.explain(
    problem(
      [
        'connectors[0].port: wrong',
        'connectors[1]: unknown key "tsp"',
        'connectors[1].port: wrong',
      ],
      ['#/connectors/0/port', '#/connectors/1/tsp', '#/connectors/1/port'],
    ),
  )
  expect(text.split('\n')).toEqual([
    'platform.yaml:8:5: connectors[0].port: wrong',
    'platform.yaml:11:5: connectors[1]: unknown key "tsp"',
    'platform.yaml:9:5: connectors[1].port: wrong',
  ])
})

test('an error about a missing element is shown at the element that should contain it', () => {
  const file = parsePlatform(YAML, 'platform.yaml')
  expect(file.explain(problem(['x'], ['#/routeTable/routes/0/missing']))).toBe(
    'platform.yaml:13:12: x',
  )
  expect(file.explain(problem(['x'], ['#/users']))).toBe('platform.yaml:2:1: x')
  expect(file.explain(problem([], []))).toBe('platform.yaml: many')
})

test('an error about an empty file is shown at line 1, column 1', () => {
  const file = parsePlatform('', 'empty.yaml')
  expect(file.document).toBeNull()
  expect(file.explain(problem(['expected an object'], ['#']))).toBe(
    'empty.yaml:1:1: expected an object',
  )
})

test('a YAML syntax error is shown with its line, its column and the faulty line of text', () => {
  const broken = 'accounts:\n  - id: demo\n   name: x\n'
  const act = () => parsePlatform(broken, 'platform.yaml')
  expect(act).toThrow(/^platform\.yaml:3:\d+: /)
  expect(act).toThrow(/\n {4} {3}name: x\n +\^$/)
})

test('a duplicate key is an error at its line and column', () => {
  expect(() => parsePlatform('accounts: []\naccounts: []\n', 'p.yaml')).toThrow(/^p\.yaml:2:1: /)
})

test('a document whose aliases expand exponentially is rejected', () => {
  const lines = Array.from({ length: 9 }, (_, index) => {
    const references = Array.from({ length: 9 }, () => `*a${index}`).join(', ')
    return `a${index + 1}: &a${index + 1} [${references}]`
  })
  const bomb = `a0: &a0 [x]\n${lines.join('\n')}\n`
  expect(() => parsePlatform(bomb, 'bomb.yaml')).toThrow(/^bomb\.yaml: .*alias/)
})

test('the error for a missing file says that the file does not exist', async () => {
  await expect(readPlatformFile('no-such-file.yaml')).rejects.toThrow(
    'no-such-file.yaml: the file does not exist',
  )
})

test('only errors about the content of the file are shown with a line and a column', async () => {
  const file = parsePlatform(YAML, 'platform.yaml')
  const refused = (status: number) => () =>
    Promise.reject(new ProblemResponse(status, problem(['x'], ['#']), 'http://localhost/'))
  await expect(withPlaces(file, refused(422))).rejects.toThrow('platform.yaml:2:1: x')
  await expect(withPlaces(file, refused(503))).rejects.toThrow('answered 503')
  await expect(withPlaces(file, refused(422))).rejects.toBeInstanceOf(CliError)
})
