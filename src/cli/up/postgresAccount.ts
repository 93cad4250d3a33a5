// Chooses the user account for the embedded PostgreSQL, which refuses to run as root.
//
// If `up` runs as a normal user, the server runs as that user. If `up` runs as root, the server
// runs in a user namespace. In that namespace, the server has the id of a normal user, but it keeps
// root's access to folders below a home folder that only root may enter.
//
// If user namespaces are not allowed, the server runs as `nobody`, or as the owner of the data if
// the data already belongs to another user. In both cases the server gets the data folder as an
// open descriptor, so that no parent folder has to be readable. If that user cannot run the
// binaries, they are copied to a folder that everybody can read.
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess, SpawnOptions } from 'node:child_process'
import { chownSync, closeSync, lchownSync, openSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { CliError } from '../client/cliError.ts'
import { copyPostgres } from './postgresBinaries.ts'
import type { PostgresBinaries } from './postgresBinaries.ts'

export interface PostgresRun {
  readonly program: 'initdb' | 'postgres'
  /** The data folder; it must exist. */
  readonly folder: string
  /** The arguments after `-D folder`. */
  readonly args: readonly string[]
  readonly detached?: boolean
  /** The file descriptor for stdout and stderr. */
  readonly logFd: number
}

export interface PostgresAccount {
  /** Changes a folder's owner to the user that the server runs as. */
  own(folder: string): void
  spawn(run: PostgresRun): ChildProcess
}

interface UserIds {
  readonly uid: number
  readonly gid: number
}

const NOBODY: UserIds = { uid: 65_534, gid: 65_534 }
const NAMESPACE = ['unshare', '--user', '--map-user=1000', '--map-group=1000', '--'] as const
/** A folder that everybody can read, and only root can write. */
const COPY_FOLDER = '/var/cache/signalbox'
/** The path of the first file descriptor after stdin, stdout and stderr. */
const FOLDER_FD = '/proc/self/fd/3'

/**
 * Chooses the account. If `up` runs as root, the account is the owner of the existing data, or else
 * the first account that works.
 */
export function postgresAccount(home: string, binaries: PostgresBinaries): PostgresAccount {
  if (process.getuid?.() !== 0) return inPlace([], binaries)
  const owner = statSync(join(home, 'data'), { throwIfNoEntry: false })
  if (owner && owner.uid !== 0) return otherUser(owner, binaries)
  if (namespaceWorks(home, binaries)) return inPlace(NAMESPACE, binaries)
  if (process.platform === 'linux') return otherUser(NOBODY, binaries)
  throw new CliError(
    'PostgreSQL refuses to run as root. Start Signalbox as a normal user, or set DATABASE_URL',
    { code: 'POSTGRES_AS_ROOT' },
  )
}

function inPlace(prefix: readonly string[], binaries: PostgresBinaries): PostgresAccount {
  return {
    own: () => undefined,
    spawn: (run) => {
      const [command = '', ...args] = [...prefix, ...commandOf(run, run.folder, binaries)]
      return spawn(command, args, {
        ...optionsOf(run, binaries),
        stdio: [inputOf(run), run.logFd, run.logFd],
      })
    },
  }
}

function otherUser({ uid, gid }: UserIds, found: PostgresBinaries): PostgresAccount {
  const binaries = runsAs({ uid, gid }, found) ? found : copied(found)
  return {
    own: (folder) => chownAll(folder, uid, gid),
    spawn: (run) => {
      const folderFd = openSync(run.folder, 'r')
      const [command = '', ...args] = commandOf(run, FOLDER_FD, binaries)
      try {
        return spawn(command, args, {
          ...optionsOf(run, binaries),
          uid,
          gid,
          cwd: '/',
          stdio: [inputOf(run), run.logFd, run.logFd, folderFd],
        })
      } finally {
        closeSync(folderFd)
      }
    },
  }
}

function commandOf(run: PostgresRun, folder: string, { native }: PostgresBinaries): string[] {
  const [first, ...rest] = run.args
  // `--single` has to be the very first argument.
  const args = first === '--single' ? [first, '-D', folder, ...rest] : ['-D', folder, ...run.args]
  return [join(native, 'bin', run.program), ...args]
}

function inputOf({ detached = false }: PostgresRun): 'ignore' | 'pipe' {
  return detached ? 'ignore' : 'pipe'
}

function optionsOf(run: PostgresRun, binaries: PostgresBinaries): SpawnOptions {
  return { env: environment(binaries), detached: run.detached ?? false }
}

/**
 * The environment of the server. It leaves out most variables of `up`, because the server would
 * obey a PGDATA or PGPORT that was meant for another server.
 */
function environment({ libraryFolders }: PostgresBinaries): NodeJS.ProcessEnv {
  const folders = libraryFolders.join(':')
  const loader = process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH'
  return { PATH: process.env['PATH'], LC_ALL: 'C', [loader]: folders }
}

function namespaceWorks(home: string, binaries: PostgresBinaries): boolean {
  const [command, ...prefix] = NAMESPACE
  const check = 'test -w "$1" && exec "$2" --version'
  const args = ['sh', '-c', check, 'sh', home, join(binaries.native, 'bin', 'postgres')]
  const env = environment(binaries)
  return spawnSync(command, [...prefix, ...args], { env, stdio: 'ignore' }).status === 0
}

function runsAs(ids: UserIds, binaries: PostgresBinaries): boolean {
  const postgres = join(binaries.native, 'bin', 'postgres')
  const options = { ...ids, cwd: '/', env: environment(binaries), stdio: 'ignore' } as const
  return spawnSync(postgres, ['--version'], options).status === 0
}

function copied(found: PostgresBinaries): PostgresBinaries {
  try {
    return copyPostgres(found, COPY_FOLDER)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new CliError(
      'PostgreSQL refuses to run as root, another user cannot reach its binaries in ' +
        `${found.native}, and they cannot be copied to ${COPY_FOLDER} (${why}). Start Signalbox ` +
        'as a normal user, move the checkout to a folder that others may read, or set DATABASE_URL',
      { code: 'POSTGRES_AS_ROOT', cause },
    )
  }
}

function chownAll(folder: string, uid: number, gid: number): void {
  if (statSync(folder).uid === uid) return
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    lchownSync(join(entry.parentPath, entry.name), uid, gid)
  // The folder itself is changed last, so that an interrupted change is repeated at the next start.
  chownSync(folder, uid, gid)
}
