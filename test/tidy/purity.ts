// Purity by file name. In a noun room the name of a file decides what it may do. Only `*Table.ts`
// may hold SQL or use the database, and only `*Wire.ts` may use msgpackr. Every other file must be
// pure, and may import only pure files. Only components may import tables; other code receives rows
// from them.
import { adapters, nounRooms, roomOf } from './importMatrix.ts'
import type { Import, Problem, SourceFile } from './sourceFile.ts'

/**
 * Whether a file is a table of the database. In `smpp`, `*Table.ts` files list PDUs and alphabets.
 */
const isTable = (path: string) => path.endsWith('Table.ts') && roomOf(path) !== 'smpp'
const isWire = (path: string) => path.endsWith('Wire.ts')
const isAdapter = (path: string) => adapters.test(path)
const isNoun = (path: string) => nounRooms.includes(roomOf(path) ?? '')

/** Rooms that may hold SQL: the database room itself, and tools that set up a database. */
const sqlRooms = new Set(['database', 'cli', 'lab'])

/** Modules of Node that do not open sockets, files or processes. */
const pureModules = new Set([
  'node:assert',
  'node:buffer',
  'node:crypto',
  'node:events',
  'node:path',
  'node:timers',
  'node:timers/promises',
  'node:util',
])

/** Globals that do I/O without an import. */
const globalWays = /\b(?:fetch|WebSocket|EventSource|getBuiltinModule|createRequire)\s*\(/

/** Packages that only compute. All others may open sockets and files. */
const purePackages = new Set(['@node-rs/argon2', 'msgpackr', 'uuidv7', 'zod'])

const sql = new RegExp(
  [
    /\bselect\s[^]*\sfrom\s/,
    /\binsert\s+into\s/,
    /\bdelete\s+from\s/,
    /\bupdate\s[^]*\sset\s/,
    /\btruncate\s+\w/,
    /\bpg_notify\b/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'i',
)

/** SQL statements outside `*Table.ts`. Such a statement belongs in the table file of its room. */
export function strayStatements(files: readonly SourceFile[]): Problem[] {
  const message =
    'contains SQL. Move the statement into a *Table.ts of the room that owns its table'
  return running(files)
    .filter(({ path }) => !sqlRooms.has(roomOf(path) ?? '') && !isTable(path))
    .flatMap((file) => statementsOf(file).map(({ line }) => ({ path: file.path, line, message })))
}

/** Statements that use a table of another folder. The folder that names a table first owns it. */
export function sharedTables(files: readonly SourceFile[]): Problem[] {
  const migrations = files.filter(({ path }) => path.startsWith('src/database/migrations/'))
  const names = migrations.flatMap(({ text }) =>
    [...text.matchAll(/^create table (\w+)/gm)].flatMap(([, name]) => name ?? []),
  )
  const statements = running(files)
    .filter(({ path }) => roomOf(path) !== 'database')
    .flatMap((file) => statementsOf(file).map((one) => ({ ...one, path: file.path })))
  return names.flatMap((name) => {
    const mention = new RegExp(`\\b(?:from|join|into|update|using|only|truncate)\\s+${name}\\b`)
    const uses = statements.filter(({ text }) => mention.test(text))
    const owner = folderOf(uses[0]?.path ?? '')
    const message = `names ${name}, a table of ${owner}. Use the port of that room`
    return uses
      .filter(({ path }) => folderOf(path) !== owner)
      .map(({ path, line }) => ({ path, line, message }))
  })
}

function folderOf(path: string): string {
  return path.replace(/\/[^/]*$/, '')
}

/** String literals of a file that look like SQL. */
function statementsOf(file: SourceFile): { text: string; line: number }[] {
  const found: { text: string; line: number }[] = []
  const add = (text: string, start: number) => {
    if (sql.test(text)) found.push({ text, line: file.lineAt(start) })
  }
  file.visit({
    Literal: ({ value, start }) => void (typeof value === 'string' && add(value, start)),
    TemplateLiteral: ({ quasis, start }) => add(quasis.map((one) => one.value.raw).join(''), start),
  })
  return found
}

export function impureFiles(files: readonly SourceFile[]): Problem[] {
  const byPath = new Map(files.map((file) => [file.path, file]))
  return running(files).flatMap((file) => [
    ...file.imports.flatMap((one) => {
      const message = objection(file.path, one, byPath)
      return message === undefined ? [] : [{ path: file.path, line: one.line, message }]
    }),
    ...hiddenWays(file),
  ])
}

/** I/O that does not go through an ordinary import, so that no rule can follow it. */
function hiddenWays(file: SourceFile): Problem[] {
  const problems: Problem[] = []
  const add = (start: number, message: string) =>
    problems.push({ path: file.path, line: file.lineAt(start), message })
  file.visit({
    ImportExpression({ source, start }) {
      if (source.type !== 'Literal')
        add(start, 'imports a computed name. Write the name as a literal')
    },
    CallExpression({ start, end }) {
      if (!isNoun(file.path) || isAdapter(file.path)) return
      const match = globalWays.exec(file.text.slice(start, end))
      if (match?.index === 0 || match?.[0].startsWith('getBuiltin'))
        add(start, `is not pure: ${match[0]}…). Receive it through a port`)
    },
  })
  return problems
}

function objection(
  path: string,
  one: Import,
  byPath: ReadonlyMap<string, SourceFile>,
): string | undefined {
  if (one.kind === 'mention') return undefined
  if (one.specifier === 'msgpackr' && !isWire(path))
    return 'uses msgpackr. Wire formats belong in a *Wire.ts'
  if (one.target && isTable(one.target) && !mayUseTables(path))
    return `imports ${one.target}. Only components and tables may do that; receive the rows`
  if (!isNoun(path) || isAdapter(path) || one.kind === 'type') return undefined
  const usesDatabase = one.target !== undefined && roomOf(one.target) === 'database'
  if (isTable(path) && (usesDatabase || (one.target && isTable(one.target)))) return undefined
  if (usesDatabase)
    return `uses the database. Only *Table.ts may import ${one.target}, except for its types`
  const impure = impurity(one, byPath)
  return impure && `is not pure: ${impure}. Receive it through a port, or import a pure file`
}

function mayUseTables(path: string): boolean {
  return roomOf(path) === 'components' || isTable(path) || isAdapter(path)
}

/**
 * The first module that this import reaches and that opens sockets, files or processes; undefined
 * if there is no such module.
 */
function impurity(
  one: Import,
  byPath: ReadonlyMap<string, SourceFile>,
  seen = new Set<string>(),
): string | undefined {
  if (one.kind === 'type' || one.kind === 'mention') return undefined
  if (one.target === undefined) return isPureModule(one.specifier) ? undefined : one.specifier
  const file = byPath.get(one.target)
  if (!file || seen.has(one.target)) return undefined
  seen.add(one.target)
  for (const next of file.imports) {
    const found = impurity(next, byPath, seen)
    if (found !== undefined) return `${one.target} leads to ${found.replace(/^.* leads to /, '')}`
  }
  return undefined
}

function isPureModule(specifier: string): boolean {
  if (specifier.startsWith('node:')) return pureModules.has(specifier)
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
  return purePackages.has(name)
}

function running(files: readonly SourceFile[]): SourceFile[] {
  return files.filter((file) => file.isCode && file.path.startsWith('src/') && !file.isTest)
}
