import { posix } from 'node:path'
import type { Problem, SourceFile } from './sourceFile.ts'

/**
 * Documents that name files. Proofs and the changelog describe the past, so they are not checked.
 */
const guides = new Set(['ARCHITECTURE.md', 'CONTRIBUTING.md', 'README.md'])
/** Folders that a path in prose may leave out. */
const starts = ['', 'src/', 'src/smpp/', 'test/']

/**
 * Every file that a document names in backticks must exist. `x/y.ts` is looked up below the root,
 * `src`, `src/smpp` and `test`; a bare `y.ts` may lie anywhere.
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
          message: `names \`${name}\`, which does not exist. Name the file that replaced it`,
        })),
    )
}
