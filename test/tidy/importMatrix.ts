// Which room may import which. A room is a folder directly below src, and it may import only lower
// rooms. A component composes the rooms below it and never imports another component. Tests may
// import everything, but running code may not import tests. purity.ts restricts further what each
// file in a noun room may do.
import { builtinModules } from 'node:module'
import type { Import, Problem, SourceFile } from './sourceFile.ts'

/** Noun rooms own types, wire formats, SQL and pure logic. Components compose them. */
export const nounRooms: readonly string[] = [
  'message',
  'platform',
  'routing',
  'outbox',
  'audit',
  'queue',
  'cluster',
  'archive',
  'secrets',
]

/** The rooms that each room may import, besides itself. */
const matrix: Readonly<Record<string, readonly string[]>> = {
  smpp: [],
  flow: [],
  runtime: ['flow'],
  database: ['flow'],
  message: ['smpp', 'flow', 'database'],
  platform: ['flow', 'database'],
  routing: ['smpp', 'flow', 'message', 'platform'],
  outbox: ['smpp', 'flow', 'database', 'message'],
  audit: ['flow', 'database'],
  queue: ['flow', 'database', 'message'],
  cluster: ['flow', 'database'],
  archive: ['flow'],
  secrets: ['flow'],
  components: ['smpp', 'flow', 'runtime', 'database', ...nounRooms],
  lab: ['smpp', 'flow', 'runtime'],
  cli: ['platform', 'lab', 'runtime'],
}

/** The packages that a room may use, for rooms where they are restricted. */
const packages: Readonly<Record<string, readonly string[]>> = {
  smpp: [],
  flow: [],
}

/** Adapters: folders with the implementation of a port for one system. */
export const adapters = /^src\/(queue|archive|secrets)\/\w+\//
export function forbiddenImports(files: readonly SourceFile[]): Problem[] {
  return files
    .filter((file) => file.isCode && file.path.startsWith('src/') && !file.isTest)
    .flatMap((file) =>
      file.imports.flatMap((one) => {
        const message = one.kind === 'mention' ? undefined : objection(file, one)
        return message ? [{ path: file.path, line: one.line, message }] : []
      }),
    )
}

function objection({ path }: SourceFile, one: Import): string | undefined {
  const room = roomOf(path) ?? ''
  const allowed = matrix[room]
  if (!allowed) {
    return `${room} is not a known room. Move the file into one of ${rooms()}`
  }
  if (one.target === undefined) return packageObjection(room, one.specifier)
  const other = roomOf(one.target)
  const adapter = adapters.exec(one.target)?.[0]
  if (adapter !== undefined && !path.startsWith(adapter) && !isComponentsMain(path))
    return `only main.ts of a component may import ${one.target}. Import the port instead`
  if (other === room && componentOf(path) === componentOf(one.target)) return undefined
  if (other === undefined) return `imports ${one.target}, but src may import src only`
  if (one.kind === 'dynamic' && room === 'cli' && one.target.endsWith('/main.ts')) return undefined
  const component = componentOf(one.target)
  if (other === room && component === undefined) return undefined
  if (other === room && componentOf(path) !== undefined)
    return `a component may not import ${component}. Move the shared code into a lower room`
  if (!allowed.includes(other)) {
    const own = allowed.length > 0 ? allowed.join(', ') : 'no other room'
    return (
      `${room} may not import ${other} (${one.target}); it may import ${own}. ` +
      'Move the shared code into a lower room, or pass it in from main.ts'
    )
  }
  return undefined
}

function packageObjection(room: string, specifier: string): string | undefined {
  if (builtinModules.includes(specifier)) return `write node:${specifier}`
  if (specifier.startsWith('node:')) return undefined
  const allowed = packages[room]
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
  if (!allowed || allowed.includes(name)) return undefined
  const list = allowed.length > 0 ? `only ${allowed.join(', ')}` : 'no package, only node:'
  return `${room} may use ${list}, so it may not import ${name}`
}

/** The first folder below src. */
export function roomOf(path: string): string | undefined {
  return /^src\/([^/]+)\//.exec(path)?.[1]
}

/**
 * The name of the component that a file belongs to; undefined for files that all components share.
 */
function componentOf(path: string): string | undefined {
  return /^src\/components\/([^/]+)\//.exec(path)?.[1]
}

function isComponentsMain(path: string): boolean {
  return componentOf(path) !== undefined && path.endsWith('/main.ts')
}

function rooms(): string {
  return Object.keys(matrix).join(', ')
}
