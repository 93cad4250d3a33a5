import type { Problem, SourceFile } from './sourceFile.ts'

/**
 * Files that nothing needs to import: commands, the processes of components, the protocol library,
 * scripts and benches.
 */
const roots = [
  /^bin\/\w+\.js$/,
  /^src\/(components\/)?\w+\/main\.ts$/,
  /^src\/smpp\/index\.ts$/,
  /^scripts\/\w+\.ts$/,
  /^bench\/\w+\.ts$/,
  /^\w+\.config\.ts$/,
  // Setup files named by vitest.config.ts, and types for packages that have none.
  /^test\/\w+\.setup\.ts$/,
  /\.d\.ts$/,
]

/**
 * Source files that no running program reaches. Files that only tests reach must be files for
 * tests.
 */
export function deadFiles(files: readonly SourceFile[]): Problem[] {
  const code = files.filter((file) => file.isCode)
  const byPath = new Map(code.map((file) => [file.path, file]))
  const isRoot = ({ path }: SourceFile) => roots.some((root) => root.test(path))
  const running = reach(code.filter(isRoot), byPath)
  const tests = code.filter(({ path }) => path.endsWith('.test.ts'))
  const tested = reach(tests, byPath)
  return code
    .filter((file) => !running.has(file.path) && !(file.isTest && tested.has(file.path)))
    .map(({ path }) => ({
      path,
      line: 1,
      message: tested.has(path)
        ? 'is reached from tests only. Use it, or delete it with its test; files that only ' +
          'tests need are called *.fixture.ts or *.suite.ts, or lie in testing/'
        : 'is not imported by any file. Use it or delete it',
    }))
}

function reach(
  from: readonly SourceFile[],
  byPath: ReadonlyMap<string, SourceFile>,
): ReadonlySet<string> {
  const reached = new Set<string>()
  const waiting = [...from]
  for (let file = waiting.pop(); file; file = waiting.pop()) {
    if (reached.has(file.path)) continue
    reached.add(file.path)
    for (const { target } of file.imports) {
      const next = target === undefined ? undefined : byPath.get(target)
      if (next) waiting.push(next)
    }
  }
  return reached
}
