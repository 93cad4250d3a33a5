import { posix } from 'node:path'
import type { Problem, SourceFile } from './sourceFile.ts'

/** Documents that lead a reader to files. Proofs and the changelog speak of the past. */
const guides = new Set(['ARCHITECTURE.md', 'CONTRIBUTING.md', 'README.md'])
/** Folders that paths in prose may leave out. */
const starts = ['', 'src/', 'src/smpp/', 'test/']

/**
 * A file that a document names in backticks must exist. `x/y.ts` is looked for below the root,
 * `src` and the like; a bare `y.ts` may lie anywhere.
 */
export function namedFiles(files: readonly SourceFile[]): Problem[] {
  const paths = new Set(files.map(({ path }) => path))
  const names = new Set(files.map(({ path }) => posix.basename(path)))
  const exists = (name: string) =>
    name.includes('/') ? starts.some((start) => paths.has(start + name)) : names.has(name)
  return files
    .filter(({ path }) => guides.has(path))
    .flatMap((file) =>
      [...file.text.matchAll(/`([\w./-]+\.ts)`/g)]
        .filter(([, name = '']) => !name.startsWith('x.') && !exists(name))
        .map(({ index, 1: name }) => ({
          path: file.path,
          line: file.lineAt(index),
          message: `names \`${name}\`, which does not exist. Say where it is now`,
        })),
    )
}
