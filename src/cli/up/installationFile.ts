// HOME/installation.json, readable by its owner only: the secrets that `up` drew once for this
// installation, and where everything of the present (or last) run listens. The commands that talk
// to a running platform, `send` for one, read it to find the way in.
import { randomInt } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { CliError } from '../client/cliError.ts'

/** The one line that `up --json` prints; without the demo there are no credentials in it. */
export interface ReadyLine {
  smpp: { host: string; port: number; systemId?: string; password?: string }
  api: { url: string; key?: string }
  admin: { url: string; token: string }
  smsc?: { host: string; port: number }
  /** Address of each component's /healthz, /ready and /metrics. */
  ports: Record<string, number>
  pids: Record<string, number>
}

export interface Installation extends Partial<ReadyLine> {
  /** Part of the name of each process, so that two installations on one database never share. */
  id: string
  clusterToken: string
  adminToken: string
  databaseUrl: string
  postgres: { port: number; password: string }
  demo: DemoSecrets
  /** Ports of the last run, by process and door; used again if they are free. */
  listening: Record<string, Record<string, number>>
  pids: Record<string, number>
}

export interface DemoSecrets {
  /** The database that holds it, without credentials; undefined before the first time. */
  appliedTo?: string
  password: string
  apiKey: string
  smscPassword: string
}

/** SMPP 3.4 §5.2.2 allows 8 characters and a NUL. */
const SMPP_PASSWORD_LENGTH = 8
const SECRET_LENGTH = 32
const ID_LENGTH = 8
/**
 * Excludes characters that look alike, and any that a shell or URL would change.
 */
const LETTERS = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789'

export class InstallationFile {
  readonly path: string
  readonly content: Installation

  private constructor(path: string, content: Installation) {
    this.path = path
    this.content = content
  }

  /** Draws the secrets and writes them before anything uses them, where there is none yet. */
  static open(home: string): InstallationFile {
    const path = join(home, 'installation.json')
    const stored = readStored(path)
    // Files of earlier versions have no id.
    const content = stored && { ...stored, id: stored.id ?? draw(ID_LENGTH) }
    const file = new InstallationFile(path, content ?? newInstallation())
    if (file.content.id !== stored?.id) file.save()
    return file
  }

  /** Complete and on disk, or as it was. */
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
    // Only `up` writes this file; what makes it usable is checked.
    const stored = JSON.parse(text) as Stored
    if (stored.clusterToken && stored.postgres.password && stored.demo.password) return stored
  } catch {
    // Falls through to the same advice.
  }
  throw new CliError(
    `${path} is damaged, and it holds the password of the database. Restore a copy, or start ` +
      'with a new SIGNALBOX_HOME',
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
      `cannot read ${path}: ${why}. Start Signalbox as the user who started it first, ` +
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
