import { parseSync, Visitor } from 'vite'
import type { VisitorObject } from 'vite'

/** A text file of the repository, with its path from the root. Code is parsed on demand. */
export class SourceFile {
  readonly path: string
  readonly text: string
  readonly lines: readonly string[]
  #parsed: Parsed | undefined

  constructor(path: string, text: string) {
    this.path = path
    this.text = text
    this.lines = text.split('\n')
  }

  get isCode(): boolean {
    return /\.[jt]s$/.test(this.path)
  }

  /**
   * Whether this is a test or a file for tests: a fixture, a suite for adapters, or a file in
   * `testing/`.
   */
  get isTest(): boolean {
    return /^test\/|\/testing\//.test(this.path) || /\.(test|fixture|suite)\.ts$/.test(this.path)
  }

  get program(): Parsed['program'] {
    return this.#parse().program
  }

  get imports(): readonly Import[] {
    return (this.#parse().imports ??= findImports(this))
  }

  get comments(): Parsed['comments'] {
    return this.#parse().comments
  }

  /** The numbers of all lines, counted from 1, that contain part of a comment. */
  get commentLines(): ReadonlySet<number> {
    const lines = new Set<number>()
    for (const { start, end } of this.comments) {
      for (let line = this.lineAt(start); line <= this.lineAt(end); line++) lines.add(line)
    }
    return lines
  }

  lineAt(offset: number): number {
    let line = 1
    for (let at = this.text.indexOf('\n'); at !== -1 && at < offset; line++) {
      at = this.text.indexOf('\n', at + 1)
    }
    return line
  }

  visit(visitor: VisitorObject): void {
    new Visitor(visitor).visit(this.program)
  }

  #parse(): Parsed {
    return (this.#parsed ??= parseSync(this.path, this.text, { lang: 'ts' }))
  }
}

type Parsed = ReturnType<typeof parseSync> & { imports?: readonly Import[] }

export interface Import {
  readonly specifier: string
  /** The path from the root; undefined for a package or a module of Node. */
  readonly target: string | undefined
  readonly line: number
  readonly kind: 'value' | 'type' | 'dynamic' | 'mention'
}

export interface Problem {
  readonly path: string
  readonly line: number
  /** Says what is wrong and how to fix it. */
  readonly message: string
}

export type Rule = (files: readonly SourceFile[]) => Problem[]

export function formatProblem({ path, line, message }: Problem): string {
  return `${path}:${line}  ${message}`
}

function findImports(file: SourceFile): Import[] {
  const found: Import[] = []
  const add = (specifier: string, start: number, kind: Import['kind']) =>
    found.push({
      specifier,
      target: targetOf(file.path, specifier),
      line: file.lineAt(start),
      kind,
    })
  file.visit({
    ImportDeclaration({ source, importKind, start }) {
      add(source.value, start, importKind === 'type' ? 'type' : 'value')
    },
    ExportNamedDeclaration({ source, exportKind, start }) {
      if (source) add(source.value, start, exportKind === 'type' ? 'type' : 'value')
    },
    ExportAllDeclaration({ source, start }) {
      add(source.value, start, 'value')
    },
    ImportExpression({ source, start }) {
      if (source.type === 'Literal') add(String(source.value), start, 'dynamic')
    },
    TSImportType({ source, start }) {
      add(source.value, start, 'type')
    },
    Literal({ value, start }) {
      // Files are also started as processes and threads: new URL('./main.ts', import.meta.url).
      if (typeof value !== 'string' || !/^[\w./-]+\.[jt]s$/.test(value)) return
      if (value.includes('/')) add(value, start, 'mention')
    },
  })
  return found
}

function targetOf(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.'))
    return /^(src|test|bench|scripts)\//.test(specifier) ? specifier : undefined
  const parts = from.split('/').slice(0, -1)
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '.') parts.push(part)
  }
  return parts.join('/')
}
