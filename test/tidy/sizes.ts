import { markdownProse } from './prose.ts'
import type { Problem, SourceFile } from './sourceFile.ts'

const maxFunctionLines = 70
const maxFileLines = 400
const maxColumns = 100

/**
 * Files that may be longer, each with the reason. Only tables qualify, because nobody reads them
 * from top to bottom.
 */
export const longFiles: Readonly<Record<string, string>> = {}

export function overlongFunctions(files: readonly SourceFile[]): Problem[] {
  return files.filter((file) => file.isCode).flatMap(overlongFunctionsOf)
}

export function overlongFiles(files: readonly SourceFile[]): Problem[] {
  return files
    .filter((file) => file.isCode && !(file.path in longFiles))
    .filter(({ lines }) => lines.length - 1 > maxFileLines)
    .map(({ path, lines }) => ({
      path,
      line: maxFileLines,
      message:
        `${lines.length - 1} lines; the limit is ${maxFileLines}. Split the file by noun. ` +
        'Only tables are exempt; test/tidy/sizes.ts lists them',
    }))
}

export function overlongLines(files: readonly SourceFile[]): Problem[] {
  return files
    .filter((file) => file.isCode)
    .flatMap(({ path, lines }) =>
      lines.flatMap((text, index) =>
        text.length > maxColumns
          ? [
              {
                path,
                line: index + 1,
                message: `${text.length} columns. Break it at ${maxColumns}`,
              },
            ]
          : [],
      ),
    )
}

/**
 * Overlong lines of prose. Tables, code blocks and lines that have no place to break are exempt.
 */
export function overlongProse(files: readonly SourceFile[]): Problem[] {
  return files.flatMap((file) =>
    markdownProse(file)
      .filter(({ text }) => text.length > maxColumns && /\S\s+\S/.test(text))
      .map(({ line, text }) => ({
        path: file.path,
        line,
        message: `${text.length} columns of prose. Break the line at ${maxColumns}`,
      })),
  )
}

interface Span {
  readonly start: number
  readonly end: number
}

function overlongFunctionsOf(file: SourceFile): Problem[] {
  const problems: Problem[] = []
  const names = new Map<number, string>()
  const blocks = new Set<number>()
  const check = ({ start, end }: Span, own?: string) => {
    const line = file.lineAt(start)
    const length = file.lineAt(end) - line + 1
    if (length <= maxFunctionLines || blocks.has(start)) return
    const name = own ?? names.get(start) ?? 'a function without a name'
    const message =
      `${name} is ${length} lines long; the limit is ${maxFunctionLines}. ` +
      'Extract its steps into named functions'
    problems.push({ path: file.path, line, message })
  }
  file.visit({
    // `describe` only groups tests.
    CallExpression({ callee, arguments: given }) {
      if (callee.type !== 'Identifier' || callee.name !== 'describe') return
      for (const one of given) blocks.add(one.start)
    },
    VariableDeclarator({ id, init }) {
      if (init && id.type === 'Identifier') names.set(init.start, id.name)
    },
    MethodDefinition({ key, value }) {
      if ('name' in key) names.set(value.start, String(key.name))
    },
    Property({ key, value }) {
      if ('name' in key) names.set(value.start, String(key.name))
    },
    FunctionDeclaration: (node) => check(node, node.id?.name),
    FunctionExpression: (node) => check(node, node.id?.name),
    ArrowFunctionExpression: (node) => check(node),
  })
  return problems
}
