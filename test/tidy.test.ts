// Checks the law of the house on every file. The second half shows for each rule that it bites, so
// that a rule which has stopped working is noticed.
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { deadFiles } from './tidy/deadFiles.ts'
import { importCircles } from './tidy/importCircles.ts'
import { forbiddenImports } from './tidy/importMatrix.ts'
import { junkDrawers, misnamedFiles } from './tidy/names.ts'
import { slowPatterns } from './tidy/patterns.ts'
import { readProject } from './tidy/readProject.ts'
import { smppFolders } from './tidy/smppFolders.ts'
import { longFiles, overlongFiles, overlongFunctions, overlongLines } from './tidy/sizes.ts'
import { formatProblem, SourceFile } from './tidy/sourceFile.ts'
import type { Rule } from './tidy/sourceFile.ts'
import {
  anyTypes,
  barrels,
  defaultExports,
  silencedChecks,
  unexplainedAssertions,
} from './tidy/typeHabits.ts'
import { idleTests, leftMarks, machinePathsIn } from './tidy/words.ts'

const rules: Readonly<Record<string, Rule>> = {
  'imports follow the matrix': forbiddenImports,
  'folders of the protocol import downwards': smppFolders,
  'imports run in no circle': importCircles,
  'functions have at most 70 lines': overlongFunctions,
  'files have at most 400 lines': overlongFiles,
  'lines have at most 100 columns': overlongLines,
  'no folder or file is a junk drawer': junkDrawers,
  'files are named after what they export': misnamedFiles,
  'nothing is any': anyTypes,
  'each `as` says why': unexplainedAssertions,
  'no default exports': defaultExports,
  'no barrels': barrels,
  'no silenced type errors': silencedChecks,
  'no dead files': deadFiles,
  'no marks of unfinished work': leftMarks,
  'no paths of one machine': machinePathsIn,
  'tests neither skip nor sleep': idleTests,
  'patterns over what a peer sends are linear': slowPatterns,
}

describe('the house', () => {
  const files = readProject(dirname(dirname(fileURLToPath(import.meta.url))))

  test.each(Object.entries(rules))('%s', (_, rule) => {
    const problems = rule(files).map(formatProblem)
    if (problems.length > 0) throw new Error(`\n${problems.join('\n')}\n`)
  })

  test('what is exempt from a limit still exists', () => {
    const paths = files.map(({ path }) => path)
    expect(paths).toEqual(expect.arrayContaining(Object.keys(longFiles)))
  })
})

describe('a component may not', () => {
  test.each([
    ['import another component', "import { route } from '../router/route.ts'", 'router'],
    ['name an adapter', "import { X } from '../../queue/postgres/x.ts'", 'only main.ts'],
    ['reach into tools', "import { X } from '../../lab/x.ts'", 'components may not import lab'],
    ['import a test', "import { X } from '../../../test/x.ts'", 'src may import src only'],
    ['leave out node:', "import { readFileSync } from 'fs'", 'write node:fs'],
  ])('%s', (_, text, message) => {
    expect(objections(forbiddenImports, { 'src/components/gateway/accept.ts': text })).toContain(
      message,
    )
  })
})

test('main.ts of a component may name an adapter, and cli may load main.ts when asked', () => {
  const files = {
    'src/components/gateway/main.ts': "import { X } from '../../queue/postgres/x.ts'",
    'src/cli/main.ts': "await import('../components/gateway/main.ts')",
  }
  expect(objections(forbiddenImports, files)).toBe('')
})

test('cli may load nothing else of a component', () => {
  const files = { 'src/cli/main.ts': "import { main } from '../components/gateway/main.ts'" }
  expect(objections(forbiddenImports, files)).toContain('cli may not import components')
})

test('the protocol uses no package, routing does no I/O, also not by way of smpp', () => {
  const files = {
    'src/smpp/session.ts': "import { Socket } from 'node:net'\nimport { z } from 'zod'",
    'src/routing/route.ts': "import { Session } from '../smpp/session.ts'",
    'src/routing/limits.ts': "import { readFileSync } from 'node:fs'",
    'src/routing/state.ts': "import type { Session } from '../smpp/session.ts'",
  }
  const found = objections(forbiddenImports, files)
  expect(found).toContain('src/smpp/session.ts:2')
  expect(found).toContain('src/routing/route.ts:1  routing may import only files of smpp that do')
  expect(found).toContain('src/routing/limits.ts:1  routing does no I/O')
  expect(found).not.toContain('src/routing/state.ts')
})

describe('in the protocol', () => {
  test.each([
    ['a value of a higher folder', "import { X } from '../session/x.ts'", 'transport is below'],
    ['a type of a higher folder', "import type { X } from '../session/x.ts'", 'transport is below'],
    ['such a type in place', "type X = import('../endpoint/x.ts').X", 'transport is below'],
    ['what it passes on', "export { X } from '../endpoint/x.ts'", 'transport is below endpoint'],
    ['a file for tests', "import { X } from '../testing/x.fixture.ts'", 'only tests import'],
    ['the door', "import { X } from '../index.ts'", 'the door is for other rooms'],
  ])('a file may not import %s', (_, text, message) => {
    expect(objections(smppFolders, { 'src/smpp/transport/a.ts': text })).toContain(message)
  })

  test('a file may import its own folder and lower ones, a test everything', () => {
    const up = "import { X } from '../endpoint/x.ts'\n"
    const files = {
      'src/smpp/session/a.ts': "import { X } from '../wire/x.ts'\nimport { Y } from './y.ts'",
      'src/smpp/session/a.test.ts': up,
      'src/smpp/testing/a.fixture.ts': up,
      'src/smpp/index.ts': "export { X } from './endpoint/x.ts'",
    }
    expect(objections(smppFolders, files)).toBe('')
  })

  test('a file lies in a folder', () => {
    expect(objections(smppFolders, { 'src/smpp/codec.ts': '' })).toContain('lies in no layer')
  })
})

describe('a circle of imports is found', () => {
  test.each([
    ['values', "import { b } from './b.ts'", "import { a } from './a.ts'"],
    ['types', "import type { B } from './b.ts'", "import { type A } from './a.ts'"],
    ['types in place', "import type { B } from './b.ts'", "type A = import('./a.ts').A"],
    ['what is passed on', "export { b } from './b.ts'", "export * from './a.ts'"],
  ])('of %s', (_, a, b) => {
    const found = objections(importCircles, { 'src/x/a.ts': a, 'src/x/b.ts': `\n${b}` })
    const circle = 'src/x/a.ts → src/x/b.ts → src/x/a.ts'
    expect(found).toContain(`src/x/b.ts:2  closes a circle of imports: ${circle}.`)
  })

  test('behind a file that is not in it, through several folders, and each one once', () => {
    const files = {
      'bench/start.ts': "import '../src/x/a.ts'",
      'src/x/a.ts': "import '../y/b.ts'\nimport '../y/d.ts'",
      'src/y/b.ts': "import { c } from './c.ts'",
      'src/y/c.ts': "import type { A } from '../x/a.ts'",
      'src/y/d.ts': "import './c.ts'\nimport './d.ts'",
    }
    expect(objections(importCircles, files).split('\n')).toEqual([
      expect.stringContaining(': src/x/a.ts → src/y/b.ts → src/y/c.ts → src/x/a.ts.'),
      expect.stringContaining(': src/y/d.ts → src/y/d.ts.'),
    ])
  })
})

test('what is loaded later or started as a process closes no circle', () => {
  const files = {
    'src/x/a.ts': "import { b } from './b.ts'\nimport { c } from './c.ts'",
    'src/x/b.ts': "await import('./a.ts')\nnew Worker(new URL('./a.ts', import.meta.url))",
    'src/x/c.ts': "import { b } from './b.ts'",
  }
  expect(objections(importCircles, files)).toBe('')
})

test('a room that is not in the design is refused', () => {
  const files = { 'src/attic/box.ts': "import 'node:fs'" }
  expect(objections(forbiddenImports, files)).toContain('attic is not a room of the house')
})

test.each([
  ['a function', (body: string) => `export function route() {\n${body}}`],
  ['an arrow function', (body: string) => `const route = () => {\n${body}}`],
  ['a method', (body: string) => `class A {\nroute() {\n${body}}\n}`],
])('%s of 71 lines is too long, one of 70 is not', (_, around) => {
  const long = objections(overlongFunctions, { 'src/a/b.ts': around('x()\n'.repeat(69)) })
  expect(long).toContain('route is 71 lines long')
  expect(objections(overlongFunctions, { 'src/a/b.ts': around('x()\n'.repeat(68)) })).toBe('')
})

test('a file of 401 lines and a line of 101 columns are too long', () => {
  const files = { 'src/a/b.ts': `//${'-'.repeat(99)}\n${'x()\n'.repeat(400)}` }
  expect(objections(overlongFiles, files)).toContain('401 lines')
  expect(objections(overlongLines, files)).toContain('src/a/b.ts:1  101 columns')
})

test.each(['src/utils/x.ts', 'src/smpp/helpers.ts', 'src/queue/queueManager.ts', 'test/misc/a.ts'])(
  '%s is a junk drawer',
  (path) => expect(objections(junkDrawers, { [path]: '' })).toContain('says nothing'),
)

test('a term of the protocol is no junk drawer', () => {
  expect(objections(junkDrawers, { 'src/smpp/dataCoding.ts': '' })).toBe('')
})

test('a file carries the name of its only export', () => {
  const wrong = { 'src/a/b.ts': 'export function routeMessage() {}' }
  expect(objections(misnamedFiles, wrong)).toContain('exports only routeMessage')
  const right = {
    'src/a/log.ts': 'export function createLogger() {}',
    'src/a/tlvTable.ts': 'export const TLVS = {}',
    'src/a/batcher.ts': 'export interface Batcher {}\nexport function gather() {}',
    'src/a/many.ts': 'export const one = 1\nexport const two = 2',
  }
  expect(objections(misnamedFiles, right)).toBe('')
})

test('any is found, the word in a comment is not', () => {
  const files = { 'src/a/b.ts': '// any\nlet x: any' }
  expect(objections(anyTypes, files)).toContain('src/a/b.ts:2')
})

test('an `as` without a comment beside or above it is found', () => {
  const text = 'const a = x as Y\n\n// why\nconst b = x as Y\nconst c = x as const\n'
  expect(objections(unexplainedAssertions, { 'src/a/b.ts': text })).toMatch(/^src\/a\/b.ts:1 .*$/)
})

test('default exports, barrels and silenced errors are found', () => {
  const files = {
    'src/a/b.ts': 'export default 1',
    'src/a/c.ts': "export { x } from './d.ts'",
    'src/a/e.ts': `// @${'ts'}-ignore`,
  }
  expect(objections(defaultExports, files)).toContain('src/a/b.ts:1')
  expect(objections(barrels, files)).toContain('src/a/c.ts:1')
  expect(objections(silencedChecks, files)).toContain('src/a/e.ts:1')
})

test('a file that nothing or only a test reaches is dead', () => {
  const files = {
    'bin/signalbox.js': "import('../src/cli/main.ts')",
    'src/cli/main.ts': "import './send.ts'\nnew URL('./worker.ts', import.meta.url)",
    'src/cli/send.ts': '',
    'src/cli/worker.ts': '',
    'src/cli/old.ts': '',
    'src/cli/tested.ts': '',
    'src/cli/send.fixture.ts': '',
    'src/cli/send.test.ts': "import './tested.ts'\nimport './send.fixture.ts'",
  }
  const found = objections(deadFiles, files)
  expect(found.split('\n')).toEqual([
    expect.stringContaining('src/cli/old.ts:1  is imported by nothing'),
    expect.stringContaining('src/cli/tested.ts:1  is reached from tests only'),
  ])
})

test('marks, machine paths, skipped and sleeping tests are found', () => {
  const path = ['', 'root', 'x'].join('/')
  const files = {
    'src/a/b.ts': `// ${'TO'}${'DO'} later\nopen('${path}')`,
    'src/a/b.test.ts':
      `test.${'skip'}('x')\n` + `import { ${'setTimeout'} } from 'node:timers/promises'`,
  }
  expect(objections(leftMarks, files)).toContain('src/a/b.ts:1')
  expect(objections(machinePathsIn, files)).toContain('src/a/b.ts:2')
  expect(objections(idleTests, files).split('\n')).toHaveLength(2)
})

test('a pattern that goes over a run again from each place in it is found', () => {
  const slow = ['/[,.;]+$/', '/^ +| +$/', '/a.*b/', '/^(x+)+$/', '/^a+$/m', '/\\s{2,};/']
  for (const pattern of slow) {
    const found = objections(slowPatterns, { 'src/smpp/a.ts': `const a = ${pattern}` })
    expect(found).toContain(`${pattern} is not sure to be linear`)
  }
  const fast = ['/^[,.;+*]+$/', '/\\s+/', '/^.*:\\d{1,3}$/', '/(?<!\\w)id:/gi', '/\\p{Cc}/gu']
  const text = fast.map((pattern) => `x(${pattern})`).join('\n')
  expect(objections(slowPatterns, { 'src/smpp/a.ts': text })).toBe('')
  expect(objections(slowPatterns, { 'src/smpp/a.ts': "new RegExp('a')" })).toContain('new RegExp')
})

function objections(rule: Rule, files: Readonly<Record<string, string>>): string {
  const sources = Object.entries(files).map(([path, text]) => new SourceFile(path, text))
  return rule(sources).map(formatProblem).join('\n')
}
