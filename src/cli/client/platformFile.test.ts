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

test('comments, anchors and merge keys are understood', () => {
  expect(parsePlatform(YAML, 'platform.yaml').document).toMatchObject({
    accounts: [{ id: 'demo' }],
    connectors: [{ id: 'smsc' }, { id: 'other', host: 'localhost', port: 'abc' }],
  })
})

test("the server's objections get lines of the file", () => {
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

test('what is missing is shown at what should hold it', () => {
  const file = parsePlatform(YAML, 'platform.yaml')
  expect(file.explain(problem(['x'], ['#/routeTable/routes/0/missing']))).toBe(
    'platform.yaml:13:12: x',
  )
  expect(file.explain(problem(['x'], ['#/users']))).toBe('platform.yaml:2:1: x')
  expect(file.explain(problem([], []))).toBe('platform.yaml: many')
})

test('an empty file still gets a place', () => {
  const file = parsePlatform('', 'empty.yaml')
  expect(file.document).toBeNull()
  expect(file.explain(problem(['expected an object'], ['#']))).toBe(
    'empty.yaml:1:1: expected an object',
  )
})

test('YAML that cannot be read is shown with line, column and what is wrong', () => {
  const broken = 'accounts:\n  - id: demo\n   name: x\n'
  const act = () => parsePlatform(broken, 'platform.yaml')
  expect(act).toThrow(/^platform\.yaml:3:\d+: /)
  expect(act).toThrow(/\n {4} {3}name: x\n +\^$/)
})

test('a key given twice is named', () => {
  expect(() => parsePlatform('accounts: []\naccounts: []\n', 'p.yaml')).toThrow(/^p\.yaml:2:1: /)
})

test('a document that grows without end is refused', () => {
  const lines = Array.from({ length: 9 }, (_, index) => {
    const references = Array.from({ length: 9 }, () => `*a${index}`).join(', ')
    return `a${index + 1}: &a${index + 1} [${references}]`
  })
  const bomb = `a0: &a0 [x]\n${lines.join('\n')}\n`
  expect(() => parsePlatform(bomb, 'bomb.yaml')).toThrow(/^bomb\.yaml: .*alias/)
})

test('a file that is not there is an error that says so', async () => {
  await expect(readPlatformFile('no-such-file.yaml')).rejects.toThrow(
    'no-such-file.yaml: there is no such file',
  )
})

test('only objections to the content are given places', async () => {
  const file = parsePlatform(YAML, 'platform.yaml')
  const refused = (status: number) => () =>
    Promise.reject(new ProblemResponse(status, problem(['x'], ['#']), 'http://localhost/'))
  await expect(withPlaces(file, refused(422))).rejects.toThrow('platform.yaml:2:1: x')
  await expect(withPlaces(file, refused(503))).rejects.toThrow('answered 503')
  await expect(withPlaces(file, refused(422))).rejects.toBeInstanceOf(CliError)
})
