// One `signalbox up` at a time for a home folder. HOME/up.pid names it and all it started, so that
// the next one can end what a kill -9 left behind. Its first line is the pid alone, for people.
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CliError } from '../client/cliError.ts'
import { endsWithin, identify, isAlive, signalProcess } from './processIdentity.ts'
import type { ProcessIdentity } from './processIdentity.ts'

const OWN = 'up'
/** Components that lost their parent drain by themselves; the next start does not wait for that. */
const LEFTOVER_GRACE_MS = 500
const KILL_WAIT_MS = 5_000

export class UpLock {
  readonly #file: string
  readonly #processes = new Map<string, ProcessIdentity>()

  private constructor(file: string) {
    this.#file = file
  }

  /** Ends what a former `up` left running. Throws CliError when another one runs. */
  static async acquire(home: string): Promise<UpLock> {
    const file = join(home, 'up.pid')
    const former = readLines(file)
    refuseIfRunning(former, home)
    if (former) retire(file, former)
    const lock = new UpLock(file)
    const own = identify(process.pid)
    if (own) lock.#processes.set(OWN, own)
    lock.#claim(home)
    await endLeftovers(former?.processes ?? new Map())
    return lock
  }

  /** Undefined: the process of this name is gone. */
  record(name: string, pid: number | undefined): void {
    const identity = pid === undefined ? undefined : identify(pid)
    if (identity) this.#processes.set(name, identity)
    else this.#processes.delete(name)
    this.save()
  }

  save(): void {
    const next = `${this.#file}.next`
    writeFileSync(next, this.#text())
    renameSync(next, this.#file)
  }

  release(): void {
    rmSync(this.#file, { force: true })
  }

  /** A link appears complete or not at all, and fails where another `up` was quicker. */
  #claim(home: string): void {
    const own = `${this.#file}.${process.pid}`
    writeFileSync(own, this.#text())
    try {
      linkSync(own, this.#file)
    } catch (error) {
      refuseIfRunning(readLines(this.#file), home)
      throw error
    } finally {
      rmSync(own, { force: true })
    }
  }

  #text(): string {
    const lines = [...this.#processes].map(([name, { pid, began }]) => `${name} ${pid} ${began}`)
    return `${process.pid}\n${lines.join('\n')}\n`
  }
}

interface LockFile {
  readonly text: string
  readonly processes: ReadonlyMap<string, ProcessIdentity>
}

function readLines(file: string): LockFile | undefined {
  try {
    const text = readFileSync(file, 'utf8')
    const lines = [...text.matchAll(/^(\S+) (\d+) (.+)$/gm)]
    const processes = lines.map(([, name = '', pid, began = '']) => {
      return [name, { pid: Number(pid), began }] as const
    })
    return { text, processes: new Map(processes) }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

function refuseIfRunning(found: LockFile | undefined, home: string): void {
  const other = found?.processes.get(OWN)
  if (!other || !isAlive(other)) return
  throw new CliError(
    `Signalbox is already running in ${home}, as process ${other.pid}. Stop it with Ctrl-C in ` +
      `its terminal or with \`kill ${other.pid}\`, or use a separate home folder: ` +
      'SIGNALBOX_HOME=FOLDER SIGNALBOX_PORTS=auto',
    { code: 'ALREADY_RUNNING' },
  )
}

/** Takes a stale file away, and puts it back if it was a new one that came in between. */
function retire(file: string, former: LockFile): void {
  const away = `${file}.${process.pid}`
  try {
    renameSync(file, away)
    if (readFileSync(away, 'utf8') !== former.text) linkSync(away, file)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  } finally {
    rmSync(away, { force: true })
  }
}

async function endLeftovers(former: ReadonlyMap<string, ProcessIdentity>): Promise<void> {
  // PostgreSQL is not killed but taken over: it may be in the middle of its recovery.
  const left = [...former].filter(([name]) => name !== OWN && name !== 'postgres')
  await Promise.all(
    left.map(async ([name, identity]) => {
      if (!signalProcess(identity, 'SIGTERM')) return
      if (await endsWithin(identity, LEFTOVER_GRACE_MS)) return
      signalProcess(identity, 'SIGKILL')
      if (await endsWithin(identity, KILL_WAIT_MS)) return
      throw new CliError(
        `${name} of the previous start (process ${identity.pid}) cannot be stopped. ` +
          `Stop it with \`kill -9 ${identity.pid}\`, then start again`,
        { code: 'LEFTOVER' },
      )
    }),
  )
}
