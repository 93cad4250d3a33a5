// Checks the rules of this project on every file. The second half tests each rule with a violation,
// so that a rule that has stopped working is noticed.
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { deadFiles } from './tidy/deadFiles.ts'
import { importCircles } from './tidy/importCircles.ts'
import { forbiddenImports } from './tidy/importMatrix.ts'
import { junkDrawers, misnamedFiles } from './tidy/names.ts'
import { slowPatterns } from './tidy/patterns.ts'
import { namedFiles } from './tidy/namedFiles.ts'
import { unplainEnglish } from './tidy/plainEnglish.ts'
import { impureFiles, sharedTables, strayStatements } from './tidy/purity.ts'
import { readProject } from './tidy/readProject.ts'
import { smppFolders } from './tidy/smppFolders.ts'
import {
  longFiles,
  overlongFiles,
  overlongFunctions,
  overlongLines,
  overlongProse,
} from './tidy/sizes.ts'
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
  'only tables hold SQL': strayStatements,
  'one folder owns each table of the database': sharedTables,
  'files of noun rooms are as pure as their names promise': impureFiles,
  'folders of the protocol import only lower ones': smppFolders,
  'no imports are circular': importCircles,
  'functions have at most 70 lines': overlongFunctions,
  'files have at most 400 lines': overlongFiles,
  'lines have at most 100 columns': overlongLines,
  'Markdown prose has at most 100 columns': overlongProse,
  'comments and documents are plain English': unplainEnglish,
  'no folder or file is a junk drawer': junkDrawers,
  'files are named after what they export': misnamedFiles,
  'documents name files that exist': namedFiles,
  'no type is any': anyTypes,
  'each `as` says why': unexplainedAssertions,
  'no default exports': defaultExports,
  'no file only re-exports others': barrels,
  'no type error is silenced': silencedChecks,
  'every file is used': deadFiles,
  'no marks of unfinished work': leftMarks,
  'no path of one machine': machinePathsIn,
  'tests are not skipped and do not sleep': idleTests,
  'patterns for input from peers take linear time': slowPatterns,
}

describe('in this project', () => {
  const files = readProject(dirname(dirname(fileURLToPath(import.meta.url))))

  test.each(Object.entries(rules))('%s', (_, rule) => {
    const problems = rule(files).map(formatProblem)
    if (problems.length > 0) throw new Error(`\n${problems.join('\n')}\n`)
  })

  test('every file that is exempt from the limit exists', () => {
    const paths = files.map(({ path }) => path)
    expect(paths).toEqual(expect.arrayContaining(Object.keys(longFiles)))
  })
})

describe('a component may not', () => {
  test.each([
    ['import another component', "import { route } from '../router/route.ts'", 'router'],
    ['import an adapter', "import { X } from '../../queue/postgres/x.ts'", 'only main.ts'],
    ['import a tool', "import { X } from '../../lab/x.ts'", 'components may not import lab'],
    ['import a test', "import { X } from '../../../test/x.ts'", 'src may import src only'],
    ['omit the prefix node:', "import { readFileSync } from 'fs'", 'write node:fs'],
  ])('%s', (_, text, message) => {
    expect(objections(forbiddenImports, { 'src/components/gateway/accept.ts': text })).toContain(
      message,
    )
  })
})

test('main.ts of a component may import an adapter, and cli may load main.ts later', () => {
  const files = {
    'src/components/gateway/main.ts': "import { X } from '../../queue/postgres/x.ts'",
    'src/cli/main.ts': "await import('../components/gateway/main.ts')",
  }
  expect(objections(forbiddenImports, files)).toBe('')
})

test('cli may not import a component statically', () => {
  const files = { 'src/cli/main.ts': "import { main } from '../components/gateway/main.ts'" }
  expect(objections(forbiddenImports, files)).toContain('cli may not import components')
})

test('the protocol uses no package', () => {
  const files = {
    'src/smpp/session/session.ts': "import { Socket } from 'node:net'\nimport { z } from 'zod'",
  }
  expect(objections(forbiddenImports, files)).toMatch(/^src\/smpp\/session\/session.ts:2 .*$/)
})

test('a room may not import a higher room, not even for types', () => {
  const files = { 'src/message/journalWire.ts': "import type { X } from '../queue/queue.ts'" }
  expect(objections(forbiddenImports, files)).toContain('message may not import queue')
})

test('components may share files in src/components, which may import no component', () => {
  const files = {
    'src/components/gateway/main.ts': "import { open } from '../databaseLink.ts'",
    'src/components/databaseLink.ts': "import { x } from './gateway/intake.ts'",
  }
  expect(objections(forbiddenImports, files)).toMatch(/^src\/components\/databaseLink.ts:1 .*$/)
})

describe('in the protocol', () => {
  test.each([
    ['a value of a higher folder', "import { X } from '../session/x.ts'", 'transport is below'],
    ['a type of a higher folder', "import type { X } from '../session/x.ts'", 'transport is below'],
    [
      'a type of a higher folder with import()',
      "type X = import('../endpoint/x.ts').X",
      'transport is below',
    ],
    [
      'a higher file to re-export it',
      "export { X } from '../endpoint/x.ts'",
      'transport is below endpoint',
    ],
    ['a file for tests', "import { X } from '../testing/x.fixture.ts'", 'only tests import'],
    ['index.ts', "import { X } from '../index.ts'", 'index.ts is for other rooms'],
  ])('a file may not import %s', (_, text, message) => {
    expect(objections(smppFolders, { 'src/smpp/transport/a.ts': text })).toContain(message)
  })

  test('a file may import its own folder and lower ones; a test may import everything', () => {
    const up = "import { X } from '../endpoint/x.ts'\n"
    const files = {
      'src/smpp/session/a.ts': "import { X } from '../wire/x.ts'\nimport { Y } from './y.ts'",
      'src/smpp/session/a.test.ts': up,
      'src/smpp/testing/a.fixture.ts': up,
      'src/smpp/index.ts': "export { X } from './endpoint/x.ts'",
    }
    expect(objections(smppFolders, files)).toBe('')
  })

  test('every file must be in one of the folders', () => {
    expect(objections(smppFolders, { 'src/smpp/codec.ts': '' })).toContain('is in no layer')
  })
})

describe('a circular import', () => {
  test.each([
    ['values', "import { b } from './b.ts'", "import { a } from './a.ts'"],
    ['types', "import type { B } from './b.ts'", "import { type A } from './a.ts'"],
    ['types with import()', "import type { B } from './b.ts'", "type A = import('./a.ts').A"],
    ['re-exports', "export { b } from './b.ts'", "export * from './a.ts'"],
  ])('of %s is found', (_, a, b) => {
    const found = objections(importCircles, { 'src/x/a.ts': a, 'src/x/b.ts': `\n${b}` })
    const circle = 'src/x/a.ts → src/x/b.ts → src/x/a.ts'
    expect(found).toContain(`src/x/b.ts:2  closes a circle of imports: ${circle}.`)
  })

  test('is reported once per circle, even across folders or from a file outside it', () => {
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

test('files that are loaded later or started as a process do not close a circle', () => {
  const files = {
    'src/x/a.ts': "import { b } from './b.ts'\nimport { c } from './c.ts'",
    'src/x/b.ts': "await import('./a.ts')\nnew Worker(new URL('./a.ts', import.meta.url))",
    'src/x/c.ts': "import { b } from './b.ts'",
  }
  expect(objections(importCircles, files)).toBe('')
})

test('a room that is not in the matrix is refused', () => {
  const files = { 'src/attic/box.ts': "import 'node:fs'" }
  expect(objections(forbiddenImports, files)).toContain('attic is not a known room')
})

describe('in a noun room', () => {
  const socket = { 'src/smpp/session/session.ts': "import { Socket } from 'node:net'" }

  test.each([
    ['I/O of Node', "import { readFileSync } from 'node:fs'", 'not pure: node:fs'],
    ['a package that may do I/O', "import pg from 'pg'", 'not pure: pg'],
    ['I/O through another room', "import { S } from '../smpp/session/session.ts'", 'node:net'],
    ['the database', "import { x } from '../database/database.ts'", 'uses the database'],
    ['a table', "import type { Row } from './messageTable.ts'", 'Only components and tables may'],
    ['msgpackr', "import { Packr } from 'msgpackr'", 'uses msgpackr'],
    [
      'a module of Node that is not listed as pure',
      "import { x } from 'node:inspector'",
      'inspector',
    ],
    ['fetch', "const x = await fetch('http://peer')", 'not pure: fetch('],
    ['a built-in module through a call', "process.getBuiltinModule('fs')", 'not pure: getBuiltin'],
    ['a computed import', 'await import(`pg`)', 'imports a computed name'],
  ])('a file may not use %s', (_, text, message) => {
    const found = objections(impureFiles, { ...socket, 'src/message/trace.ts': text })
    expect(found).toContain('src/message/trace.ts:1')
    expect(found).toContain(message)
  })

  test('a table may use the database, and no other I/O', () => {
    const files = { 'src/message/messageTable.ts': "import { Socket } from 'node:net'" }
    expect(objections(impureFiles, files)).toContain('not pure: node:net')
  })

  test('a room may not import its own adapter', () => {
    const files = { 'src/queue/consumer.ts': "import { X } from './postgres/postgresQueue.ts'" }
    expect(objections(forbiddenImports, files)).toContain('only main.ts of a component')
  })

  test('SQL outside a table file is found, even in a component', () => {
    const text = "const X = { text: `select a\n from b` }\nconst Y = 'insert into b values (1)'"
    const files = { 'src/outbox/claims.ts': text, 'src/components/dlr/sweep.ts': text }
    expect(objections(strayStatements, files).split('\n')).toHaveLength(4)
    expect(objections(strayStatements, { 'src/outbox/outboxTable.ts': text })).toBe('')
    const prose = { 'src/outbox/claims.ts': "const text = 'select a route, delete it, update it'" }
    expect(objections(strayStatements, prose)).toBe('')
  })

  test('SQL that names a table of another room is found', () => {
    const files = {
      'src/database/migrations/0001.sql': 'create table queue_envelopes (\ncreate table later (',
      'src/queue/postgres/queueTable.ts': "const A = { text: 'delete from queue_envelopes' }",
      'src/message/waitingTable.ts': "const B = { text: 'select 1 from queue_envelopes as q' }",
    }
    expect(objections(sharedTables, files)).toContain('names queue_envelopes, a table of src/')
    const own = {
      ...files,
      'src/message/waitingTable.ts': "const B = { text: 'update later set' }",
    }
    expect(objections(sharedTables, own)).toBe('')
  })

  test('tables may use the database, wire files msgpackr, and every file may use types', () => {
    const files = {
      ...socket,
      'src/message/messageTable.ts':
        "import { x } from '../database/database.ts'\nimport type { R } from './partsTable.ts'",
      'src/message/messageWire.ts': "import { Packr } from 'msgpackr'",
      'src/message/trace.ts':
        "import type { S } from '../smpp/session/session.ts'\n" +
        "import type { Database } from '../database/database.ts'\nimport { z } from 'zod'",
      'src/queue/sqs/sqsQueue.ts': "import { request } from 'node:https'",
      'src/components/dlr/main.ts': "import { x } from '../../message/messageTable.ts'",
    }
    expect(objections(impureFiles, files)).toBe('')
  })
})

test.each([
  ['a function', (body: string) => `export function route() {\n${body}}`],
  ['an arrow function', (body: string) => `const route = () => {\n${body}}`],
  ['a method', (body: string) => `class A {\nroute() {\n${body}}\n}`],
])('%s of 71 lines is too long, and one of 70 is not', (_, around) => {
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

test('a term of the protocol is not a junk drawer', () => {
  expect(objections(junkDrawers, { 'src/smpp/dataCoding.ts': '' })).toBe('')
})

test('a file must be named after its only export', () => {
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

test('the type any is found, but not the word in a comment', () => {
  const files = { 'src/a/b.ts': '// any\nlet x: any' }
  expect(objections(anyTypes, files)).toContain('src/a/b.ts:2')
})

test('an `as` without a comment beside or above it is found', () => {
  const text = 'const a = x as Y\n\n// why\nconst b = x as Y\nconst c = x as const\n'
  expect(objections(unexplainedAssertions, { 'src/a/b.ts': text })).toMatch(/^src\/a\/b.ts:1 .*$/)
})

test('default exports, mere re-exports and silenced errors are found', () => {
  const files = {
    'src/a/b.ts': 'export default 1',
    'src/a/c.ts': "export { x } from './d.ts'",
    'src/a/e.ts': `// @${'ts'}-ignore`,
  }
  expect(objections(defaultExports, files)).toContain('src/a/b.ts:1')
  expect(objections(barrels, files)).toContain('src/a/c.ts:1')
  expect(objections(silencedChecks, files)).toContain('src/a/e.ts:1')
})

test('a file that is unused or used only by a test is dead', () => {
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
    expect.stringContaining('src/cli/old.ts:1  is not imported by any file'),
    expect.stringContaining('src/cli/tested.ts:1  is reached from tests only'),
  ])
})

test('a document that names a missing file is found', () => {
  const text =
    'See `flow/pacer.ts`, `pacer.ts`, `test/kills.test.ts`, `flow/gone.ts` and `gone.ts`.'
  const files = { 'ARCHITECTURE.md': text, 'src/flow/pacer.ts': '', 'test/kills.test.ts': '' }
  const found = objections(namedFiles, files).split('\n')
  expect(found).toHaveLength(2)
  expect(found[0]).toContain('ARCHITECTURE.md:1  names `flow/gone.ts`')
  expect(objections(namedFiles, { 'CHANGELOG.md': text })).toBe('')
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

test('a pattern that may take more than linear time is found', () => {
  const slow = ['/[,.;]+$/', '/^ +| +$/', '/a.*b/', '/^(x+)+$/', '/^a+$/m', '/\\s{2,};/']
  for (const pattern of slow) {
    const found = objections(slowPatterns, { 'src/smpp/a.ts': `const a = ${pattern}` })
    expect(found).toContain(`${pattern} may take more than linear time`)
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
