// Which room may import which: arrows point down only. A component composes the rooms below it and
// never imports another component. Tests may look everywhere; running code may not. Within a noun
// room, purity.ts says by name what a file may do.
import { builtinModules } from 'node:module'
import type { Import, Problem, SourceFile } from './sourceFile.ts'

/** The rooms that own types, wire formats, SQL and pure logic; components compose them. */
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

/** What a room may import besides itself. */
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

/** The packages a room may use, where that is restricted. */
const packages: Readonly<Record<string, readonly string[]>> = {
  smpp: [],
  flow: [],
}

/** Systems behind a port, each in a folder of its room. */
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
    return `${room} is not a room of the house. Put the file into one of ${rooms()}`
  }
  if (one.target === undefined) return packageObjection(room, one.specifier)
  const other = roomOf(one.target)
  const adapter = adapters.exec(one.target)?.[0]
  if (adapter !== undefined && !path.startsWith(adapter) && !isComponentsMain(path))
    return `only main.ts of a component names an adapter. Take the port, and pass ${one.target} in`
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
  return undefined
}

function packageObjection(room: string, specifier: string): string | undefined {
  if (builtinModules.includes(specifier)) return `write node:${specifier}`
  if (specifier.startsWith('node:')) return undefined
  const allowed = packages[room]
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
  if (!allowed || allowed.includes(name)) return undefined
  const list = allowed.length > 0 ? `only ${allowed.join(', ')}` : 'no package, only node:'
  return `${room} uses ${list}, and ${name} is not among it`
}

/** The first folder below src. */
export function roomOf(path: string): string | undefined {
  return /^src\/([^/]+)\//.exec(path)?.[1]
}

/** `gateway` for a file of that component; undefined for what all components share. */
function componentOf(path: string): string | undefined {
  return /^src\/components\/([^/]+)\//.exec(path)?.[1]
}

function isComponentsMain(path: string): boolean {
  return componentOf(path) !== undefined && path.endsWith('/main.ts')
}

function rooms(): string {
  return Object.keys(matrix).join(', ')
}
