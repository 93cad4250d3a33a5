// A process that is kept running. It says `ready` over its IPC channel, with the ports it listens
// on. When it dies it is started again at once, then with growing pauses, under the same name and
// on the same ports. One that no longer answers its health port is killed, which also ends its
// claim on what it leased long before the lease would run out. It has a process group of its own:
// Ctrl-C on the terminal reaches `up` alone, which stops everything in order.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { CliError } from '../client/cliError.ts'
import { probe } from './probe.ts'
import type { ProcessLog } from './processLog.ts'

export type Ports = Readonly<Record<string, number>>

export interface SupervisedOptions {
  readonly name: string
  readonly log: ProcessLog
  /** The `signalbox` command to run, on the ports it reported when it ran before. */
  command(ports: Ports): { readonly args: readonly string[]; readonly env: NodeJS.ProcessEnv }
  /** The host of its health port, if it has one. */
  readonly healthHost?: string
  /** At each start, and undefined once it was stopped. */
  onPid(pid: number | undefined): void
  /** A person should know. */
  onTrouble(what: string): void
}

const READY_MS_MAX = 60_000
const RESTART_MS_MIN = 200
const RESTART_MS_MAX = 5_000
/** One that ran this long did not fail because of how it was started. */
const SETTLED_MS = 30_000
const HEALTH_EVERY_MS = 5_000
/** Below the 90 s that leases last, with room for the restart. */
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

  /** Resolves when it is ready for the first time; from then on it is kept running. */
  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const logStart = this.#options.log.size
    const child = this.#spawn()
    const patience = AbortSignal.timeout(READY_MS_MAX)
    await readyOrEnded(child, AbortSignal.any([signal, patience]))
    signal.throwIfAborted()
    if (patience.aborted) child.kill('SIGKILL')
    if (patience.aborted || !isRunning(child)) throw this.#startFailure(child, logStart)
    child.once('exit', () => this.#restartLater(0))
    this.#healthTimer = setInterval(() => this.#checkHealth(), HEALTH_EVERY_MS)
  }

  /** Asks it to drain, and kills it after the deadline. */
  async stop(deadlineMs: number): Promise<void> {
    this.#endSupervision()
    const child = this.#child
    if (!child || !isRunning(child)) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    const timer = setTimeout(() => {
      this.#options.onTrouble(`did not stop within ${deadlineMs / 1000} s and is killed`)
      child.kill('SIGKILL')
    }, deadlineMs)
    await ended
    clearTimeout(timer)
    this.#options.onPid(undefined)
  }

  kill(): void {
    this.#endSupervision()
    this.#child?.kill('SIGKILL')
  }

  #endSupervision(): void {
    this.#stopping = true
    clearTimeout(this.#restartTimer)
    clearInterval(this.#healthTimer)
  }

  #spawn(): ChildProcess {
    const { log, command, onPid, onTrouble } = this.#options
    const { args, env } = command(this.#ports)
    const child = spawn(process.execPath, [CLI_MAIN, ...args], {
      env,
      detached: true,
      stdio: ['ignore', log.fd, log.fd, 'ipc'],
    })
    this.#child = child
    this.#silentChecks = 0
    child.on('message', (message) => (this.#ports = { ...this.#ports, ...portsOf(message) }))
    child.on('error', (error) => onTrouble(`cannot be started: ${error.message}`))
    onPid(child.pid)
    return child
  }

  #restartLater(pauseMs: number): void {
    if (this.#stopping) return
    const { onTrouble } = this.#options
    const code = this.#child?.signalCode ?? `exit code ${this.#child?.exitCode}`
    onTrouble(`ended unexpectedly (${code}); it is started again`)
    this.#restartTimer = setTimeout(() => {
      const child = this.#spawn()
      const startedMs = performance.now()
      child.once('exit', () => {
        const settled = performance.now() - startedMs > SETTLED_MS
        this.#restarts = settled ? 0 : this.#restarts + 1
        const next = RESTART_MS_MIN * 2 ** Math.min(this.#restarts - 1, 10)
        this.#restartLater(settled ? 0 : Math.min(next, RESTART_MS_MAX))
      })
    }, pauseMs)
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
        onTrouble('no longer answers and is killed')
        child.kill('SIGKILL')
      },
    )
  }

  #startFailure(child: ChildProcess, logStart: number): CliError {
    const { log } = this.#options
    const lines = log.linesSince(logStart)
    const said = lines.filter((line) => line.startsWith('signalbox: '))
    const reason = said.map((line) => line.slice('signalbox: '.length)).join('\n')
    if (child.exitCode === EXIT_PORT_IN_USE && reason) {
      const message = `${reason}, or SIGNALBOX_PORTS=auto for free ports everywhere`
      return new CliError(message, { code: 'PORT_IN_USE', exitCode: EXIT_PORT_IN_USE })
    }
    const how = isRunning(child)
      ? `not ready within ${READY_MS_MAX / 1000} s`
      : (child.signalCode ?? `exit code ${child.exitCode}`)
    const why = reason || `${how}:\n${lines.slice(-10).join('\n')}\n(from ${log.file})`
    return new CliError(`${this.name} does not start: ${why}`, { code: 'START_FAILED' })
  }
}

/** Resolves at `ready`, at the end of the process and at the abort; the caller looks which. */
function readyOrEnded(child: ChildProcess, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      child.off('message', onMessage)
      child.off('exit', done)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const onMessage = (message: unknown) => {
      if (portsOf(message)) done()
    }
    child.on('message', onMessage)
    child.once('exit', done)
    child.once('error', done)
    signal.addEventListener('abort', done)
  })
}

function portsOf(message: unknown): Ports | undefined {
  if (typeof message !== 'object' || message === null) return undefined
  if (!('kind' in message) || message.kind !== 'ready' || !('ports' in message)) return undefined
  // What our own components and the simulator send; see ReadyMessage in runtime/component.ts.
  return message.ports as Ports
}

function isRunning({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid !== undefined && exitCode === null && signalCode === null
}
