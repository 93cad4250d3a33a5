// The file HOME/installation.json, which only its owner can read. It holds the secrets that `up`
// generated for this installation, and the addresses on which the current or last run listens.
// Commands that call a running platform, such as `send`, read the addresses and credentials from
// this file.
import { randomInt } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { CliError } from '../client/cliError.ts'

/** The JSON line that `up --json` prints. Without the demo, it has no SMPP or HTTP credentials. */
export interface ReadyLine {
  smpp: { host: string; port: number; systemId?: string; password?: string }
  api: { url: string; key?: string }
  admin: { url: string; token: string }
  smsc?: { host: string; port: number }
  /** The port of /healthz, /ready and /metrics of each process. */
  ports: Record<string, number>
  pids: Record<string, number>
}

export interface Installation extends Partial<ReadyLine> {
  /** Part of each process name, so that two installations on one database use different names. */
  id: string
  clusterToken: string
  adminToken: string
  databaseUrl: string
  postgres: { port: number; password: string }
  demo: DemoSecrets
  /** The ports of the last run, by process and purpose. They are reused if they are free. */
  listening: Record<string, Record<string, number>>
  pids: Record<string, number>
}

export interface DemoSecrets {
  /**
   * The host and name of the database in which the demo was created. Undefined if no demo was
   * created.
   */
  appliedTo?: string
  password: string
  apiKey: string
  smscPassword: string
}

/** SMPP 3.4 §5.2.2 allows 8 characters and a NUL. */
const SMPP_PASSWORD_LENGTH = 8
const SECRET_LENGTH = 32
const ID_LENGTH = 8
/** Excludes characters that look alike, and characters that need quoting in a shell or URL. */
const LETTERS = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789'

export class InstallationFile {
  readonly path: string
  readonly content: Installation

  private constructor(path: string, content: Installation) {
    this.path = path
    this.content = content
  }

  /**
   * Reads the file. If it is missing, generates the secrets and saves them before they are used.
   */
  static open(home: string): InstallationFile {
    const path = join(home, 'installation.json')
    const stored = readStored(path)
    // Files of earlier versions have no id.
    const content = stored && { ...stored, id: stored.id ?? draw(ID_LENGTH) }
    const file = new InstallationFile(path, content ?? newInstallation())
    if (file.content.id !== stored?.id) file.save()
    return file
  }

  /** Replaces the file atomically: after a failure the previous content is intact. */
  save(): void {
    const next = `${this.path}.next`
    const fd = openSync(next, 'w', 0o600)
    try {
      writeSync(fd, `${JSON.stringify(this.content, null, 2)}\n`)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(next, this.path)
  }
}

type Stored = Omit<Installation, 'id'> & Partial<Pick<Installation, 'id'>>

function readStored(path: string): Stored | undefined {
  const text = readText(path)
  if (text === undefined) return undefined
  try {
    // Only `up` writes this file, so only the indispensable fields are checked.
    const stored = JSON.parse(text) as Stored
    if (stored.clusterToken && stored.postgres.password && stored.demo.password) return stored
  } catch {
    // Text that is not JSON leads to the error below.
  }
  throw new CliError(
    `${path} is damaged, and it holds the password of the database. Restore a copy, or start ` +
      'with another SIGNALBOX_HOME',
    { code: 'INSTALLATION' },
  )
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    const why = error instanceof Error ? error.message : String(error)
    throw new CliError(
      `cannot read ${path}: ${why}. Start Signalbox as the user who first started it, ` +
        'or choose another folder with SIGNALBOX_HOME',
      { code: 'INSTALLATION', cause: error },
    )
  }
}

function newInstallation(): Installation {
  return {
    id: draw(ID_LENGTH),
    clusterToken: draw(SECRET_LENGTH),
    adminToken: draw(SECRET_LENGTH),
    databaseUrl: '',
    postgres: { port: 0, password: draw(SECRET_LENGTH) },
    demo: {
      password: draw(SMPP_PASSWORD_LENGTH),
      apiKey: draw(SECRET_LENGTH),
      smscPassword: draw(SMPP_PASSWORD_LENGTH),
    },
    listening: {},
    pids: {},
  }
}

function draw(length: number): string {
  return Array.from({ length }, () => LETTERS[randomInt(LETTERS.length)]).join('')
}
