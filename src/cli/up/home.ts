import { accessSync, constants } from 'node:fs'
import { join, resolve } from 'node:path'
import { makeFolder } from '../../runtime/makeFolder.ts'
import { CliError } from '../client/cliError.ts'

const FOLDERS = ['', 'log', 'smsc', 'cache'] as const
const USABLE = constants.R_OK | constants.W_OK | constants.X_OK

/**
 * Creates the home folder and its subfolders, and returns its absolute path. Only the owner has
 * access, because the folder holds secrets.
 */
export function prepareHome(home: string): string {
  const full = resolve(home)
  for (const name of FOLDERS) prepareFolder(join(full, name), full)
  return full
}

function prepareFolder(folder: string, home: string): void {
  try {
    makeFolder(folder, 0o700)
    accessSync(folder, USABLE)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
    throw new CliError(
      `cannot use the folder ${folder}: ${reasonOf(code)}. Signalbox keeps its database, ` +
        `logs and secrets in ${home}: make this user its owner (as root: ` +
        `\`chown -R ${process.getuid?.()} ${home}\`), or choose another folder with SIGNALBOX_HOME`,
      { code: 'HOME_FOLDER', cause },
    )
  }
}

function reasonOf(code: string): string {
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return `this user has no permission to write there (${code})`
    case 'EROFS':
      return 'its file system is read-only (EROFS)'
    case 'ENOENT':
      return 'folders cannot be created there (ENOENT)'
    case 'ENOTDIR':
    case 'EEXIST':
      return `the path, or a part of it, is a file (${code})`
    default:
      return code
  }
}
