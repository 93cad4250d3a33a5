import type { Problem, SourceFile } from './sourceFile.ts'

/** `any` is refused, because it disables type checks without a trace. */
export function anyTypes(files: readonly SourceFile[]): Problem[] {
  return nodes(files, (file, add) =>
    file.visit({
      TSAnyKeyword: ({ start }) => add(start, 'no `any`. Use the type, or `unknown` and narrow it'),
    }),
  )
}

/** Each `as` is a claim that the compiler cannot check, so a comment must say why it holds. */
export function unexplainedAssertions(files: readonly SourceFile[]): Problem[] {
  return nodes(files, (file, add) => {
    const explained = new Set(file.commentLines)
    const assertions: { start: number; end: number }[] = []
    file.visit({
      TSAsExpression({ typeAnnotation, expression, end }) {
        const isConst = /^const\b/.test(file.text.slice(typeAnnotation.start))
        if (!isConst) assertions.push({ start: expression.end, end })
      },
      TSTypeAssertion: ({ start }) => add(start, 'write `x as T` with a comment, not `<T>x`'),
    })
    assertions.sort((one, other) => one.start - other.start)
    for (const { start, end } of assertions) {
      const first = file.lineAt(start)
      const last = file.lineAt(end)
      const isExplained = [first - 1, first, last].some((line) => explained.has(line))
      // One comment is enough for consecutive lines.
      if (isExplained) explained.add(last)
      else add(start, '`as` needs a comment on its line or the line above that says why it holds')
    }
  })
}

export function defaultExports(files: readonly SourceFile[]): Problem[] {
  const wanted = /\.config\.ts$/
  return nodes(files, (file, add) => {
    if (wanted.test(file.path)) return
    file.visit({
      ExportDefaultDeclaration: ({ start }) => add(start, 'no default export. Export it by name'),
    })
  })
}

/** Files that only re-export from others hide where things live, and load everything. */
export function barrels(files: readonly SourceFile[]): Problem[] {
  const message =
    'only re-exports. Import from the files themselves; only src/smpp/index.ts may re-export'
  return nodes(files, (file, add) => {
    // The entry of the library, and main.ts of each room, which the command line loads.
    if (/^src\/(smpp\/index|(components\/)?\w+\/main)\.ts$/.test(file.path)) return
    const { body } = file.program
    const passesOn = body.filter(
      (node) => node.type.startsWith('Export') && 'source' in node && node.source,
    )
    const isBarrel =
      /(^|\/)index\.ts$/.test(file.path) ||
      (body.length > 0 && passesOn.length === body.length) ||
      passesOn.some(({ type }) => type === 'ExportAllDeclaration')
    if (isBarrel) add(0, message)
  })
}

export function silencedChecks(files: readonly SourceFile[]): Problem[] {
  return nodes(files, (file, add) => {
    // The pattern is built from parts, so that it does not match itself.
    const directive = new RegExp(`@ts-(${['ignore', 'nocheck', 'expect-error'].join('|')})`, 'g')
    for (const match of file.text.matchAll(directive)) {
      add(match.index, `no ${match[0]}. Fix the type, or narrow it with a reason`)
    }
  })
}

type Add = (offset: number, message: string) => void

function nodes(
  files: readonly SourceFile[],
  inspect: (file: SourceFile, add: Add) => void,
): Problem[] {
  const problems: Problem[] = []
  for (const file of files.filter(({ isCode }) => isCode)) {
    inspect(file, (offset, message) =>
      problems.push({ path: file.path, line: file.lineAt(offset), message }),
    )
  }
  return problems
}
