// Keeps a child process running. The process reports `ready` over its IPC channel, with the ports
// that it listens on.
//
// A process that dies is restarted with the same name and ports: immediately the first time, and
// then after growing pauses. A restart is also repeated if the system cannot start the process for
// lack of memory or process slots.
//
// A process that no longer answers on its health port is killed and restarted. Under the same name,
// it continues with the work that it had leased, long before the leases would expire.
//
// Each process has its own process group, so that Ctrl-C on the terminal reaches only `up`, which
// stops everything in order.
import { spawn } from 'node:child_process'
import type { ChildProcess, SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { CliError } from '../client/cliError.ts'
import { endOf, isRunning } from './childEnd.ts'
import type { ChildEnd } from './childEnd.ts'
import { probe } from './probe.ts'
import type { ProcessLog } from './processLog.ts'

export type Ports = Readonly<Record<string, number>>

export interface SupervisedOptions {
  readonly name: string
  readonly log: ProcessLog
  /** The `signalbox` command to run. `ports` are the ports that the previous run reported. */
  command(ports: Ports): { readonly args: readonly string[]; readonly env: NodeJS.ProcessEnv }
  /** The host of the health port, if the process has one. */
  readonly healthHost?: string
  /** Called with the pid at each start, and with undefined when the process has been stopped. */
  onPid(pid: number | undefined): void
  /** Reports a problem that the user should know about. */
  onTrouble(what: string): void
  /** Starts Node with these arguments, by default with `spawn`. Tests replace this function. */
  readonly launch?: (args: readonly string[], options: SpawnOptions) => ChildProcess
}

interface Run {
  /** Undefined if `spawn` threw an error. */
  readonly child: ChildProcess | undefined
  readonly ended: Promise<ChildEnd>
}

const READY_MS_MAX = 60_000
const RESTART_MS_MIN = 200
const RESTART_MS_MAX = 5_000
/** A process that ends after running this long is restarted without a pause. */
const SETTLED_MS = 30_000
const HEALTH_EVERY_MS = 5_000
/**
 * A process is killed after this many failed checks in a row. At one check every 5 s, this takes
 * 45 s. That leaves time for a restart before the bind leases of the process expire after 90 s.
 */
const SILENT_CHECKS_MAX = 9
const EXIT_PORT_IN_USE = 3
const CLI_MAIN = fileURLToPath(new URL('../main.ts', import.meta.url))

export class SupervisedProcess {
  readonly name: string
  readonly #options: SupervisedOptions
  #child: ChildProcess | undefined
  #ports: Ports
  #stopping = false
  #restarts = 0
  #isUnstartable = false
  #restartTimer: NodeJS.Timeout | undefined
  #healthTimer: NodeJS.Timeout | undefined
  #silentChecks = 0

  constructor(options: SupervisedOptions, ports: Ports = {}) {
    this.name = options.name
    this.#options = options
    this.#ports = ports
  }

  get ports(): Ports {
    return this.#ports
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Resolves when the process is first ready. From then on, it is restarted whenever it ends. */
  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const logStart = this.#options.log.size
    const { child, ended } = this.#run()
    const patience = AbortSignal.timeout(READY_MS_MAX)
    const early = await readyOrEnded(child, ended, AbortSignal.any([signal, patience]))
    signal.throwIfAborted()
    if (early || patience.aborted) {
      if (child && isRunning(child)) child.kill('SIGKILL')
      throw this.#startFailure(child, early, logStart)
    }
    void ended.then((end) => this.#restartLater(end, 0))
    this.#healthTimer = setInterval(() => this.#checkHealth(), HEALTH_EVERY_MS)
  }

  /** Asks the process to drain, and kills it after the deadline. */
  async stop(deadlineMs: number): Promise<void> {
    this.#endSupervision()
    const child = this.#child
    if (!child || !isRunning(child)) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    const timer = setTimeout(() => {
      this.#options.onTrouble(`did not stop within ${deadlineMs / 1000} s; killing it`)
      child.kill('SIGKILL')
    }, deadlineMs)
    await ended
    clearTimeout(timer)
    this.#options.onPid(undefined)
  }

  kill(): void {
    this.#endSupervision()
    if (this.#child && isRunning(this.#child)) this.#child.kill('SIGKILL')
  }

  #endSupervision(): void {
    this.#stopping = true
    clearTimeout(this.#restartTimer)
    clearInterval(this.#healthTimer)
  }

  #run(): Run {
    try {
      const child = this.#launch()
      return { child, ended: endOf(child) }
    } catch (cause) {
      // Node throws for some spawn failures (ENOMEM) and emits `error` for others (EAGAIN).
      const error = cause instanceof Error ? cause : new Error(String(cause))
      this.#child = undefined
      this.#options.onPid(undefined)
      return { child: undefined, ended: Promise.resolve({ kind: 'notStarted', error }) }
    }
  }

  #launch(): ChildProcess {
    const { log, command, onPid, launch = launchNode } = this.#options
    const { args, env } = command(this.#ports)
    const child = launch([CLI_MAIN, ...args], {
      env,
      detached: true,
      stdio: ['ignore', log.fd, log.fd, 'ipc'],
    })
    this.#child = child
    this.#silentChecks = 0
    child.on('message', (message) => (this.#ports = { ...this.#ports, ...portsOf(message) }))
    child.once('spawn', () => this.#tellStartable())
    onPid(child.pid)
    return child
  }

  #restartLater(end: ChildEnd, pauseMs: number): void {
    if (this.#stopping) return
    this.#tellEnd(end)
    this.#restartTimer = setTimeout(() => void this.#restart(), pauseMs)
  }

  async #restart(): Promise<void> {
    const startedMs = performance.now()
    const next = await this.#run().ended
    const settled = next.kind === 'ended' && performance.now() - startedMs > SETTLED_MS
    this.#restarts = settled ? 0 : this.#restarts + 1
    const backOffMs = RESTART_MS_MIN * 2 ** Math.min(this.#restarts - 1, 10)
    this.#restartLater(next, settled ? 0 : Math.min(backOffMs, RESTART_MS_MAX))
  }

  /** Reports only the first of several consecutive failures to start. */
  #tellEnd(end: ChildEnd): void {
    const { onTrouble } = this.#options
    if (end.kind === 'ended') onTrouble(`exited unexpectedly (${end.how}); restarting it`)
    else if (!this.#isUnstartable) {
      this.#isUnstartable = true
      onTrouble(`cannot be started (${end.error.message}); retrying until it starts`)
    }
  }

  #tellStartable(): void {
    if (!this.#isUnstartable) return
    this.#isUnstartable = false
    this.#options.onTrouble('is running again')
  }

  #checkHealth(): void {
    const { healthHost, onTrouble } = this.#options
    const { health } = this.#ports
    const child = this.#child
    if (healthHost === undefined || health === undefined || !child || !isRunning(child)) return
    probe(`http://${healthHost}:${health}/healthz`, HEALTH_EVERY_MS).then(
      () => (this.#silentChecks = 0),
      () => {
        if (this.#stopping || child !== this.#child) return
        this.#silentChecks++
        if (this.#silentChecks < SILENT_CHECKS_MAX) return
        onTrouble('no longer responds; killing it')
        child.kill('SIGKILL')
      },
    )
  }

  /** `early` says how the process ended before it was ready. It is undefined after a timeout. */
  #startFailure(
    child: ChildProcess | undefined,
    early: ChildEnd | undefined,
    logStart: number,
  ): CliError {
    const { log } = this.#options
    if (early?.kind === 'notStarted') {
      const { error: cause } = early
      const message = `${this.name} cannot start: the system could not start it (${cause.message})`
      return new CliError(message, { code: 'START_FAILED', cause })
    }
    const lines = log.linesSince(logStart)
    const said = lines.filter((line) => line.startsWith('signalbox: '))
    const reason = said.map((line) => line.slice('signalbox: '.length)).join('\n')
    if (child?.exitCode === EXIT_PORT_IN_USE && reason) {
      const message = `${reason}, or set SIGNALBOX_PORTS=auto to use free ports`
      return new CliError(message, { code: 'PORT_IN_USE', exitCode: EXIT_PORT_IN_USE })
    }
    const how = early ? early.how : `not ready within ${READY_MS_MAX / 1000} s`
    const why = reason || `${how}:\n${lines.slice(-10).join('\n')}\n(from ${log.file})`
    return new CliError(`${this.name} cannot start: ${why}`, { code: 'START_FAILED' })
  }
}

function launchNode(args: readonly string[], options: SpawnOptions): ChildProcess {
  return spawn(process.execPath, args, options)
}

/** Resolves to undefined on `ready` or abort, or to the end of the process if that comes first. */
async function readyOrEnded(
  child: ChildProcess | undefined,
  ended: Promise<ChildEnd>,
  signal: AbortSignal,
): Promise<ChildEnd | undefined> {
  const over = new AbortController()
  const ready = new Promise<undefined>((resolve) => {
    const onMessage = (message: unknown) => {
      if (portsOf(message)) resolve(undefined)
    }
    child?.on('message', onMessage)
    over.signal.addEventListener('abort', () => child?.off('message', onMessage))
    signal.addEventListener('abort', () => resolve(undefined), { signal: over.signal })
  })
  try {
    return await Promise.race([ended, ready])
  } finally {
    over.abort()
  }
}

function portsOf(message: unknown): Ports | undefined {
  if (typeof message !== 'object' || message === null) return undefined
  if (!('kind' in message) || message.kind !== 'ready' || !('ports' in message)) return undefined
  // Our own components and the simulator send this message: ReadyMessage in runtime/component.ts.
  return message.ports as Ports
}
