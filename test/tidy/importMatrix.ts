// Which room may import which: arrows point down only. Components meet in `contract` and in
// `store`, nowhere else. Tests may look everywhere; what runs may not.
import { builtinModules } from 'node:module'
import type { Import, Problem, SourceFile } from './sourceFile.ts'

const nouns = ['platform', 'routing', 'message', 'outbox', 'queue', 'cluster', 'archive', 'secrets']

/** What a room may import besides itself. */
const matrix: Readonly<Record<string, readonly string[]>> = {
  smpp: [],
  flow: [],
  runtime: ['flow'],
  database: ['flow', 'message', 'platform', 'queue', 'outbox'],
  message: ['smpp', 'flow', 'database', 'queue', 'routing'],
  platform: ['flow', 'database'],
  routing: ['smpp', 'flow', 'platform', 'message', 'queue'],
  outbox: ['smpp', 'flow', 'message', 'database'],
  queue: ['smpp', 'flow', 'message'],
  cluster: ['flow', 'database'],
  archive: ['flow'],
  secrets: ['flow'],
  components: ['smpp', 'flow', 'runtime', 'database', ...nouns],
  lab: ['smpp', 'flow', 'runtime'],
  cli: ['platform', 'lab', 'runtime'],
}

/** The packages a room may use, where that is restricted. */
const packages: Readonly<Record<string, readonly string[]>> = {
  smpp: [],
  flow: [],
}

const adapters = /^src\/(queue|archive|secrets)\/\w+\//
const inputOutput =
  /^(node:)?(net|tls|http|https|http2|dgram|dns|fs|child_process|cluster|worker_threads)(\/|$)/

export function forbiddenImports(files: readonly SourceFile[]): Problem[] {
  const byPath = new Map(files.map((file) => [file.path, file]))
  return files
    .filter((file) => file.isCode && file.path.startsWith('src/') && !file.isTest)
    .flatMap((file) =>
      file.imports.flatMap((one) => {
        const message = one.kind === 'mention' ? undefined : objection(file, one, byPath)
        return message ? [{ path: file.path, line: one.line, message }] : []
      }),
    )
}

function objection(
  { path }: SourceFile,
  one: Import,
  byPath: ReadonlyMap<string, SourceFile>,
): string | undefined {
  const room = roomOf(path) ?? ''
  const allowed = matrix[room]
  if (!allowed) {
    return `${room} is not a room of the house. Put the file into one of ${rooms()}`
  }
  if (one.target === undefined) return packageObjection(room, one.specifier)
  const other = roomOf(one.target)
  if (other === room && componentOf(path) === componentOf(one.target)) return undefined
  if (other === undefined) return `imports ${one.target}, and src may import src only`
  if (one.kind === 'dynamic' && room === 'cli' && one.target.endsWith('/main.ts')) return undefined
  const component = componentOf(one.target)
  if (other === room && component === undefined) return undefined
  if (other === room && componentOf(path) !== undefined)
    return `a component may not import ${component}. Move what both need into a lower room`
  if (!allowed.includes(other)) {
    const own = allowed.length > 0 ? allowed.join(', ') : 'nothing of ours'
    return (
      `${room} may not import ${other} (${one.target}); it may import ${own}. ` +
      'Move what both need into a lower room, or hand it in from main.ts'
    )
  }
  if (adapters.test(one.target) && !path.endsWith('/main.ts')) {
    return `only main.ts of a component names an adapter. Take the port, and pass ${one.target} in`
  }
  const wantsPure = nouns.includes(room)
  if (wantsPure && other === 'smpp' && one.kind !== 'type' && !isPure(one.target, byPath)) {
    return `${room} may import only files of smpp that do no I/O. Import the file that is needed`
  }
  return undefined
}

function packageObjection(room: string, specifier: string): string | undefined {
  if (builtinModules.includes(specifier)) return `write node:${specifier}`
  if (specifier.startsWith('node:')) {
    const pure = room === 'routing'
    return pure && inputOutput.test(specifier)
      ? `${room} does no I/O. Move what needs ${specifier} into the room that owns it`
      : undefined
  }
  const allowed = packages[room]
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
  if (!allowed || allowed.includes(name)) return undefined
  const list = allowed.length > 0 ? `only ${allowed.join(', ')}` : 'no package, only node:'
  return `${room} uses ${list}, and ${name} is not among it`
}

/** Neither the file nor what it imports within the room opens sockets, files or processes. */
function isPure(
  path: string,
  byPath: ReadonlyMap<string, SourceFile>,
  seen = new Set<string>(),
): boolean {
  const file = byPath.get(path)
  if (!file || seen.has(path)) return true
  seen.add(path)
  return file.imports
    .filter(({ kind }) => kind === 'value')
    .every(({ specifier, target }) =>
      target ? isPure(target, byPath, seen) : !inputOutput.test(specifier),
    )
}

function roomOf(path: string): string | undefined {
  return /^src\/([^/]+)\//.exec(path)?.[1]
}

/** `gateway` for a file of that component; undefined for what all components share. */
function componentOf(path: string): string | undefined {
  return /^src\/components\/([^/]+)\//.exec(path)?.[1]
}

function rooms(): string {
  return Object.keys(matrix).join(', ')
}
