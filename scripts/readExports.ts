import { readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { parseSync } from 'vite'
import type { ESTree } from 'vite'

/** The declaration of an exported name. */
export interface Exported {
  readonly name: string
  readonly kind: 'function' | 'class' | 'interface' | 'type' | 'constant'
  /** Relative to the folder of index.ts. */
  readonly file: string
  readonly line: number
  /** The text of the doc comment. Empty if the export has no doc comment. */
  readonly doc: string
  /** The declaration without bodies and members. Each overload of a function is one line. */
  readonly declaration: string
  /** The public members of a class or an interface, or the properties of a constant's object. */
  readonly members: readonly Member[]
}

export interface Member {
  readonly name: string
  readonly line: number
  readonly doc: string
  /** `name: type`, a method's signature, or the value of a constant's property. */
  readonly text: string
}

/**
 * Reads all names that an index.ts exports from other files, in the order of their exports and
 * without duplicates. An instance of a generic type, such as
 * `interface Events extends EventsOf<Session> {}`, gets the members of that type.
 */
export function readExports(indexPath: string): Exported[] {
  const folder = dirname(indexPath)
  const modules = new Map<string, SourceModule>()
  const moduleOf = (file: string): SourceModule => {
    const known = modules.get(file) ?? new SourceModule(folder, file)
    modules.set(file, known)
    return known
  }
  const all = moduleOf('index.ts').program.body.flatMap((node) => {
    if (node.type === 'ExportAllDeclaration') return moduleOf(fileOf(node.source.value)).exported()
    if (node.type !== 'ExportNamedDeclaration' || !node.source) return []
    const names = node.specifiers.map(({ local }) => nameOf(local))
    const file = fileOf(node.source.value)
    const found = moduleOf(file)
      .exported()
      .filter(({ name }) => names.includes(name))
    const lost = names.find((name) => !found.some((one) => one.name === name))
    if (lost !== undefined) throw new Error(`index.ts exports ${lost}, which is not in ${file}`)
    return names.flatMap((name) => found.filter((one) => one.name === name))
  })
  return withInstances(all, moduleOf)
}

/** Gives each instance the members of its generic type, and replaces that type's name in texts. */
function withInstances(
  all: readonly Exported[],
  moduleOf: (file: string) => SourceModule,
): Exported[] {
  const names = new Map<string, string>()
  const described = all.map((one) => {
    const [, text = '', name = ''] = INSTANCE.exec(one.declaration) ?? []
    const file = one.members.length === 0 ? moduleOf(one.file).sourceOf(name) : undefined
    if (file === undefined) return one
    names.set(text, one.name)
    const generic = moduleOf(file)
      .exported()
      .find((other) => other.name === name)
    return generic ? { ...generic, name: one.name, doc: one.doc || generic.doc } : one
  })
  const named = (text: string) =>
    [...names].reduce((changed, [instance, name]) => changed.replaceAll(instance, name), text)
  return described.map((one) => ({
    ...one,
    declaration: named(one.declaration),
    members: one.members.map((member) => ({ ...member, text: named(member.text) })),
  }))
}

const INSTANCE = /^(?:interface \w+ extends|type \w+ =) ((\w+)<\w+>)$/

function fileOf(specifier: string): string {
  return specifier.replace(/^\.\//, '')
}

function nameOf(node: { readonly type: string }): string {
  if ('name' in node) return String(node.name)
  return 'value' in node ? String(node.value) : ''
}

type Declaration = NonNullable<ESTree.ExportNamedDeclaration['declaration']>

interface Place {
  readonly start: number
  readonly end: number
}

class SourceModule {
  readonly program: ESTree.Program
  readonly #file: string
  readonly #text: string
  readonly #comments: ReturnType<typeof parseSync>['comments']

  constructor(folder: string, file: string) {
    this.#file = file
    this.#text = readFileSync(join(folder, file), 'utf8')
    const { program, comments } = parseSync(file, this.#text, { lang: 'ts' })
    this.program = program
    this.#comments = comments
  }

  /** The file that `name` is imported from; undefined for a package or a name of this file. */
  sourceOf(name: string): string | undefined {
    for (const node of this.program.body) {
      if (node.type !== 'ImportDeclaration' || !node.source.value.startsWith('.')) continue
      if (node.specifiers.some(({ local }) => local.name === name))
        return posix.join(posix.dirname(this.#file), node.source.value)
    }
    return undefined
  }

  exported(): Exported[] {
    const found = new Map<string, Exported>()
    for (const node of this.program.body) {
      if (node.type !== 'ExportNamedDeclaration' || !node.declaration) continue
      const one = this.#read(node.declaration, node)
      if (!one) continue
      const before = found.get(one.name)
      // Overloads are part of the declaration. The implementation behind them is not.
      if (!before) found.set(one.name, one)
      else if (node.declaration.type === 'TSDeclareFunction')
        found.set(one.name, {
          ...before,
          declaration: `${before.declaration}\n${one.declaration}`,
        })
    }
    return [...found.values()]
  }

  #read(node: Declaration, { start }: Place): Exported | undefined {
    const own = (name: string, kind: Exported['kind'], declaration: string) => {
      const place = { file: this.#file, line: this.#lineAt(start), doc: this.#docOf(start) }
      return { name, kind, declaration, members: [], ...place }
    }
    switch (node.type) {
      case 'FunctionDeclaration':
      case 'TSDeclareFunction':
        return own(node.id?.name ?? '', 'function', this.#head(node, node.body))
      case 'ClassDeclaration': {
        const members = node.body.body.flatMap((one) => this.#classMember(one))
        return { ...own(node.id?.name ?? '', 'class', this.#head(node, node.body)), members }
      }
      case 'TSInterfaceDeclaration': {
        const members = node.body.body.flatMap((one) => this.#signature(one))
        return { ...own(node.id.name, 'interface', this.#head(node, node.body)), members }
      }
      case 'TSTypeAliasDeclaration':
        return own(node.id.name, 'type', this.#slice(node))
      case 'VariableDeclaration':
        return this.#constant(node.declarations[0], own)
      default:
        return undefined
    }
  }

  #constant(
    declarator: ESTree.VariableDeclarator | undefined,
    own: (name: string, kind: 'constant', declaration: string) => Exported,
  ): Exported | undefined {
    if (declarator?.id.type !== 'Identifier') return undefined
    const { id, init } = declarator
    const value = init && withoutTypes(init)
    const type = id.typeAnnotation ? this.#slice(id.typeAnnotation) : ''
    const isObject = value?.type === 'ObjectExpression'
    const text = value && !isObject && type === '' ? ` = ${this.#slice(value)}` : type
    const members = isObject
      ? value.properties.flatMap((property) => {
          if (property.type !== 'Property') return []
          return [this.#member(property, nameOf(property.key), this.#slice(property.value))]
        })
      : []
    return { ...own(id.name, 'constant', `const ${id.name}${text}`), members }
  }

  #classMember(node: ESTree.ClassElement): Member[] {
    if (!('key' in node) || node.key.type === 'PrivateIdentifier') return []
    if (this.#docOf(node.start).includes('@internal')) return []
    const name = node.computed ? `[${this.#slice(node.key)}]` : nameOf(node.key)
    if (node.type === 'MethodDefinition') {
      const text = oneLine(this.#head(node, node.value.body))
      return [this.#member(node, name, text.replace(/^get (\w+)\(\)/, '$1'))]
    }
    if (node.type !== 'PropertyDefinition') return []
    const type = node.typeAnnotation ? this.#slice(node.typeAnnotation) : ''
    const value = type === '' && node.value ? ` = ${this.#slice(node.value)}` : ''
    return [this.#member(node, name, oneLine(`${name}${type}${value}`))]
  }

  #signature(node: ESTree.TSSignature): Member[] {
    if (node.type !== 'TSPropertySignature' && node.type !== 'TSMethodSignature') return []
    const text = oneLine(this.#slice(node)).replace(/^readonly /, '')
    return [this.#member(node, nameOf(node.key), text)]
  }

  #member(node: Place, name: string, text: string): Member {
    return { name, line: this.#lineAt(node.start), doc: this.#docOf(node.start), text }
  }

  /** The text up to the body, or the whole text if there is no body. */
  #head({ start, end }: Place, body: Place | null): string {
    return this.#slice({ start, end: body?.start ?? end })
  }

  #slice({ start, end }: Place): string {
    return this.#text.slice(start, end).trim()
  }

  #lineAt(offset: number): number {
    return this.#text.slice(0, offset).split('\n').length
  }

  /** The doc comment that ends directly before `offset`. */
  #docOf(offset: number): string {
    const comment = this.#comments.findLast(({ end }) => end <= offset)
    if (comment?.type !== 'Block' || !comment.value.startsWith('*')) return ''
    if (this.#text.slice(comment.end, offset).trim() !== '') return ''
    return comment.value
      .slice(1)
      .split('\n')
      .map((line) => line.replace(/^\s*\*? ?/, '').trimEnd())
      .join('\n')
      .trim()
  }
}

/** The expression under `as const` and `satisfies`. */
function withoutTypes(node: ESTree.Expression): ESTree.Expression {
  return node.type === 'TSAsExpression' || node.type === 'TSSatisfiesExpression'
    ? withoutTypes(node.expression)
    : node
}

function oneLine(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/([([]) /g, '$1')
    .replace(/,? ([)\]])/g, '$1')
}
