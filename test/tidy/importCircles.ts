// Finds circular imports. Files that import each other in a circle cannot be understood, tested or
// moved separately. Imports of types count as well: they cost nothing at run time, but a reader
// still has to follow them. `import()` does not count, because it loads a file later and on
// purpose. The name of a file that is started as a process or thread does not count either.
import type { Import, Problem, SourceFile } from './sourceFile.ts'

const arrow = ' → '

export function importCircles(files: readonly SourceFile[]): Problem[] {
  const byPath = new Map(files.filter(({ isCode }) => isCode).map((file) => [file.path, file]))
  const problems: Problem[] = []
  /** The path from the first file of the walk to the current one. */
  const way: string[] = []
  const done = new Set<string>()
  const walk = (file: SourceFile): void => {
    way.push(file.path)
    for (const { target, line } of file.imports.filter(counts)) {
      const next = target === undefined ? undefined : byPath.get(target)
      if (!next || done.has(next.path)) continue
      const start = way.indexOf(next.path)
      if (start === -1) walk(next)
      else problems.push({ path: file.path, line, message: messageOf(way.slice(start)) })
    }
    way.pop()
    done.add(file.path)
  }
  for (const file of byPath.values()) if (!done.has(file.path)) walk(file)
  return problems
}

function counts({ kind }: Import): boolean {
  return kind === 'value' || kind === 'type'
}

function messageOf(circle: readonly string[]): string {
  const path = [...circle, circle[0]].join(arrow)
  return `closes a circle of imports: ${path}. Move the shared code into a file below both ends`
}
