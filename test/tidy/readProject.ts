import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SourceFile } from './sourceFile.ts'

const folders = ['src', 'test', 'bench', 'scripts', 'bin', 'docs', '.ci']
const texts = /(\.(ts|js|mjs|json|md|sql|yaml|yml|sh)|\/run)$/
const exempt = /(^|\/)(node_modules|package-lock\.json|LICENSE)(\/|$)/

/** Reads every hand-written text file of the checkout. */
export function readProject(root: string): SourceFile[] {
  const top = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
  const below = readdirSync(root)
    .filter((name) => folders.includes(name))
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => join(parentPath, name).slice(root.length + 1)),
    )
  return [...top, ...below]
    .filter((path) => texts.test(path) && !exempt.test(path))
    .map((path) => new SourceFile(path, readFileSync(join(root, path), 'utf8')))
}
