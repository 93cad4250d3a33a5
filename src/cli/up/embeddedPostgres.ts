// Runs a PostgreSQL server on this machine, with its data in HOME/data. Every committed row is on
// disk, because fsync and synchronous_commit are on. If `signalbox up` is killed, the server
// continues to run. The next `up` finds the server through its postmaster.pid and uses it. A server
// that dies is restarted on the same port, and recovers from its write-ahead log. The server
// listens only on the loopback address, and requires a password.
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { CliError } from '../client/cliError.ts'
import { endOf, isRunning } from './childEnd.ts'
import type { ChildEnd } from './childEnd.ts'
import { DATABASE, openDataFolder, ROLE } from './dataFolder.ts'
import { freePort, isFree } from './freePort.ts'
import { postgresAccount } from './postgresAccount.ts'
import type { PostgresAccount } from './postgresAccount.ts'
import { findPostgres } from './postgresBinaries.ts'
import { clearRemains, findPostmaster } from './postmaster.ts'
import { endsWithin, isAlive, signalProcess } from './processIdentity.ts'
import type { ProcessIdentity } from './processIdentity.ts'

export interface EmbeddedPostgresOptions {
  readonly home: string
  readonly password: string
  /** The preferred port. If that port is in use, a free port is used instead. */
  readonly port: number
  readonly logFile: string
  /** Called with the server's pid at each start, and when a running server is found. */
  onStarted(pid: number): void
  onTrouble(what: string): void
  /**
   * The user account for the server. By default, an account that works on this machine is chosen.
   */
  readonly account?: PostgresAccount
}

/**
 * A server that was started or found. `ended` is wrapped in an object, because an async function
 * that returns a promise itself resolves only when that promise does.
 */
interface Launched {
  readonly ended: Promise<void>
}

/** Recovery after a kill -9 may read gigabytes of the write-ahead log. */
const START_MS_MAX = 120_000
const STOP_MS_MAX = 15_000
const POLL_MS = 10
/** How often to check a server that is not our child process and therefore emits no exit event. */
const WATCH_MS = 500
const RESTART_MS_MAX = 5_000
const HOST = '127.0.0.1'

const SETTINGS = {
  listen_addresses: HOST,
  unix_socket_directories: '',
  max_connections: 100,
  shared_buffers: '256MB',
  fsync: 'on',
  synchronous_commit: 'on',
  wal_compression: 'pglz',
  max_wal_size: '2GB',
  checkpoint_timeout: '15min',
  // JIT compilation of a plan would take longer than any statement of Signalbox.
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
} as const

export class EmbeddedPostgres {
  readonly #options: EmbeddedPostgresOptions
  readonly #account: PostgresAccount
  #folder = ''
  #port: number
  #running: ProcessIdentity | undefined
  #supervision = new AbortController()
  #supervised: Promise<void> = Promise.resolve()

  constructor(options: EmbeddedPostgresOptions) {
    this.#options = options
    this.#port = options.port
    this.#account = options.account ?? postgresAccount(options.home, findPostgres(options.home))
  }

  get port(): number {
    return this.#port
  }

  get databaseUrl(): string {
    return `postgresql://${ROLE}:${this.#options.password}@${HOST}:${this.#port}/${DATABASE}`
  }

  /**
   * Resolves when the server accepts connections. From then on, a server that ends is restarted.
   */
  async start(): Promise<void> {
    this.#folder = await openDataFolder({ ...this.#options, account: this.#account })
    const adopted = await this.#adopt()
    if (!adopted) this.#port = await freePort(this.#port, HOST)
    const ended = adopted ?? (await this.#launch())
    this.#supervised = this.#supervise(ended)
  }

  /** Stops the server. Open transactions are rolled back; committed data is kept. */
  async stop(): Promise<void> {
    this.#supervision.abort()
    await this.#supervised
    const server = this.#running
    if (!server) return
    for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
      signalProcess(server, signal)
      if (await endsWithin(server, STOP_MS_MAX)) return
      this.#options.onTrouble(`did not stop within ${STOP_MS_MAX / 1000} s after ${signal}`)
    }
  }

  /** Stops the server without a checkpoint. The next start recovers from the write-ahead log. */
  kill(): void {
    this.#supervision.abort()
    if (this.#running) signalProcess(this.#running, 'SIGQUIT')
  }

  /**
   * Takes over a server that an earlier `up` left running. Resolves with undefined if no such
   * server is running.
   */
  async #adopt(): Promise<Launched | undefined> {
    const found = findPostmaster(this.#folder)
    if (!found) return undefined
    if (found.status === 'stopping') {
      await endsWithin(found.identity, START_MS_MAX)
      return undefined
    }
    this.#port = found.port
    await this.#untilReady(() => isAlive(found.identity))
    if (!isAlive(found.identity)) return undefined
    this.#running = found.identity
    this.#options.onStarted(found.identity.pid)
    return { ended: this.#endOf(found.identity) }
  }

  async #launch(): Promise<Launched> {
    await clearRemains(this.#folder)
    const child = this.#spawn()
    const ended = endOf(child)
    await this.#untilReady(() => isRunning(child))
    const server = findPostmaster(this.#folder)
    if (!server || !isRunning(child)) throw await this.#startFailure(child, ended)
    this.#running = server.identity
    this.#options.onStarted(server.identity.pid)
    return { ended: ended.then(() => undefined) }
  }

  #spawn(): ChildProcess {
    const logFd = openSync(this.#options.logFile, 'a', 0o600)
    const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    try {
      return this.#account.spawn({
        program: 'postgres',
        folder: this.#folder,
        args: ['-p', String(this.#port), ...settings],
        detached: true,
        logFd,
      })
    } finally {
      closeSync(logFd)
    }
  }

  async #untilReady(isStarting: () => boolean): Promise<void> {
    for (let waitedMs = 0; waitedMs < START_MS_MAX && isStarting(); waitedMs += POLL_MS) {
      if (findPostmaster(this.#folder)?.status === 'ready') return
      await delay(POLL_MS)
    }
  }

  async #startFailure(child: ChildProcess, ended: Promise<ChildEnd>): Promise<CliError> {
    if (isRunning(child)) child.kill('SIGKILL')
    const end = await ended
    const why =
      end.kind === 'notStarted'
        ? `the system could not start it (${end.error.message})`
        : !(await isFree(this.#port, HOST))
          ? `port ${this.#port} is in use; choose another with SIGNALBOX_PG_PORT`
          : `${end.how}; see the end of ${this.#options.logFile}`
    return new CliError(`the embedded PostgreSQL cannot start: ${why}`, { code: 'POSTGRES' })
  }

  async #supervise(first: Launched): Promise<void> {
    const { signal } = this.#supervision
    const stopped = once(signal, 'abort').then(() => undefined)
    let server = first
    while (!signal.aborted) {
      await Promise.race([server.ended, stopped])
      if (signal.aborted) return
      this.#options.onTrouble('exited unexpectedly; restarting it')
      server = (await this.#relaunch()) ?? { ended: stopped }
    }
  }

  async #relaunch(): Promise<Launched | undefined> {
    const { signal } = this.#supervision
    let told = ''
    for (let pauseMs = 200; !signal.aborted; pauseMs = Math.min(2 * pauseMs, RESTART_MS_MAX)) {
      try {
        return await this.#launch()
      } catch (error) {
        const what = error instanceof Error ? error.message : String(error)
        if (what !== told) this.#options.onTrouble(`${what}; retrying until it starts`)
        told = what
        // When the supervision ends, the delay is rejected, and the loop ends.
        await delay(pauseMs, undefined, { signal }).catch(() => undefined)
      }
    }
    return undefined
  }

  async #endOf(identity: ProcessIdentity): Promise<void> {
    while (isAlive(identity) && !this.#supervision.signal.aborted) await delay(WATCH_MS)
  }
}
