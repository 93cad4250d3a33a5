// The data folder of PostgreSQL. It is created under a temporary name, and renamed when it is
// complete.
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'
import { CliError } from '../client/cliError.ts'
import type { PostgresAccount, PostgresRun } from './postgresAccount.ts'

export const DATABASE = 'signalbox'
export const ROLE = 'signalbox'
/** The version of the packaged server, which cannot read the data of any other major version. */
const MAJOR_VERSION = '18'

export interface DataFolderOptions {
  readonly home: string
  readonly account: PostgresAccount
  readonly password: string
  readonly logFile: string
}

export async function openDataFolder(options: DataFolderOptions): Promise<string> {
  const folder = join(options.home, 'data')
  if (!statSync(folder, { throwIfNoEntry: false })) await createDataFolder(folder, options)
  checkVersion(folder)
  options.account.own(folder)
  return folder
}

async function createDataFolder(folder: string, options: DataFolderOptions): Promise<void> {
  const unfinished = `${folder}.unfinished`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished, { mode: 0o700 })
  options.account.own(unfinished)
  const logFd = openSync(options.logFile, 'a', 0o600)
  const run = { folder: unfinished, logFd }
  try {
    // initdb gets no password. The password is set below, before the server accepts connections.
    // The authentication method for `local` connections has no effect, because such connections use
    // Unix sockets, and the server opens none: their paths are limited to about 100 characters.
    const auth = ['--auth-local=peer', '--auth-host=scram-sha-256']
    const locale = ['-E', 'UTF8', '--locale=C']
    const args = ['-U', ROLE, ...locale, ...auth]
    await finish(options, { ...run, program: 'initdb', args }, '')
    const statements =
      `ALTER ROLE ${ROLE} PASSWORD '${options.password}'\n` +
      `ALTER DATABASE postgres RENAME TO ${DATABASE}\n`
    const single = ['--single', '-c', 'log_checkpoints=off', 'template1']
    await finish(options, { ...run, program: 'postgres', args: single }, statements)
  } finally {
    closeSync(logFd)
  }
  renameSync(unfinished, folder)
}

async function finish(options: DataFolderOptions, run: PostgresRun, input: string): Promise<void> {
  const child = options.account.spawn(run)
  const ended = once(child, 'exit')
  // The child may end before it has read all input. EPIPE is ignored here, because the exit code
  // shows whether the child succeeded.
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(input)
  const [exitCode] = await ended
  if (exitCode === 0) return
  throw new CliError(
    `${run.program} could not create the data folder ${run.folder} (exit code ${exitCode}). ` +
      `See the end of ${options.logFile}`,
    { code: 'POSTGRES' },
  )
}

function checkVersion(folder: string): void {
  const version = readVersion(folder)
  if (version === MAJOR_VERSION) return
  const what =
    version === undefined
      ? 'is not a PostgreSQL data folder'
      : `was created by PostgreSQL ${version}`
  throw new CliError(
    `${folder} ${what}, but this version of Signalbox needs a data folder of PostgreSQL ` +
      `${MAJOR_VERSION}. Move the folder elsewhere to start with an empty database, choose ` +
      'another SIGNALBOX_HOME, or set DATABASE_URL to a suitable server',
    { code: 'DATA_FOLDER' },
  )
}

function readVersion(folder: string): string | undefined {
  try {
    return readFileSync(join(folder, 'PG_VERSION'), 'utf8').trim()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new CliError(
      `cannot read the data folder ${folder} (${String(code)}): it belongs to another user. ` +
        'Start Signalbox as that user, change its owner with `chown -R`, or choose another ' +
        'SIGNALBOX_HOME',
      { code: 'DATA_FOLDER', cause: error },
    )
  }
}
