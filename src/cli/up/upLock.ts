// Allows only one running `signalbox up` per home folder. HOME/up.pid lists that process and all
// processes that it started, so that the next `up` can end processes left running after a kill -9.
// For users who read the file, the first line contains only the pid of `up`.
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CliError } from '../client/cliError.ts'
import { endsWithin, identify, isAlive, signalProcess } from './processIdentity.ts'
import type { ProcessIdentity } from './processIdentity.ts'

const OWN = 'up'
/**
 * If `up` is killed, its components notice that and drain. If they are still draining at the next
 * start, it waits only this long before it kills them.
 */
const LEFTOVER_GRACE_MS = 500
const KILL_WAIT_MS = 5_000

export class UpLock {
  readonly #file: string
  readonly #processes = new Map<string, ProcessIdentity>()

  private constructor(file: string) {
    this.#file = file
  }

  /** Takes the lock and ends leftover processes. Throws CliError if another `up` is running. */
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

  /** Records the pid of a named process; undefined means that the process has ended. */
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

  /**
   * Creates the file atomically with a link, which fails if another `up` created the file first.
   */
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

/**
 * Removes a stale file. If another `up` has replaced the stale file in the meantime, the new file
 * is put back.
 */
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
  // PostgreSQL is not ended, because it may be in recovery, and the new `up` takes it over.
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
