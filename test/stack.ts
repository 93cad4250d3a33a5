// Starts a whole platform for a test: `signalbox up` as a process, with its own home folder outside
// the checkout and free ports for everything.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { ReadyLine } from '../src/cli/up/installationFile.ts'

export interface StackOptions {
  /** Arguments after `signalbox up --json`. */
  readonly args?: readonly string[]
  /** The number of processes of a component; one of each by default. */
  readonly processes?: Partial<Record<keyof typeof PROCESS_OPTIONS, number>>
  /** Added to the environment; undefined removes a variable. */
  readonly env?: NodeJS.ProcessEnv
  /**
   * An existing home folder, which is kept. By default a new one is created, and removed at the
   * end.
   */
  readonly home?: string
}

export interface Stack {
  readonly ready: ReadyLine
  readonly home: string
  /** The process of `signalbox up` itself. */
  readonly pid: number
  /**
   * The process id of `gateway`, `router-2`, `smsc`, `postgres` and so on; after a restart, that of
   * the new process.
   */
  pidOf(name: string): number
  /** The ids of all processes, by name. */
  pids(): Readonly<Record<string, number>>
  /** Sends SIGKILL. */
  kill(name: string): void
  /** What `up` has written to stderr so far. */
  stderr(): string
  /**
   * Sends SIGTERM to `up`. Resolves to its exit code when all its processes have ended and the home
   * folder is removed, unless the test gave one.
   */
  stop(): Promise<number | null>
  /** Resolves when the process of `up` has ended for any reason. */
  readonly ended: Promise<void>
}

/** `signalbox up` ended before it was ready. */
export class StackFailed extends Error {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string

  constructor(exitCode: number | null, stdout: string, stderr: string) {
    super(`signalbox up ended with exit code ${exitCode}: ${stderr}`)
    this.exitCode = exitCode
    this.stdout = stdout
    this.stderr = stderr
  }
}

/** The options of `signalbox up` by component. */
const PROCESS_OPTIONS = {
  router: '--routers',
  workers: '--workers',
  dlr: '--dlr-processors',
} as const

/** Longer than any drain. A slower stop is a fault, and `up` is killed. */
const STOP_MS_MAX = 60_000
const MAIN = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))

/** Resolves when `up` is ready. Rejects with StackFailed if `up` ends before that. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const home = options.home ?? (await mkdtemp(join(tmpdir(), 'signalbox-stack-')))
  const removeHome = async () => {
    if (options.home === undefined) await rm(home, { recursive: true, force: true })
  }
  const args = ['--json', ...processArgs(options), ...(options.args ?? [])]
  const child = spawn(process.execPath, [MAIN, 'up', ...args], {
    env: {
      ...process.env,
      SIGNALBOX_HOME: home,
      SIGNALBOX_PORTS: 'auto',
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines: string[] = []
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const reader = createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  const ended = once(child, 'close').then(() => undefined)
  await Promise.race([once(reader, 'line'), ended])
  const [line = ''] = lines
  if (hasEnded(child) || !line.startsWith('{"smpp"')) {
    await ended
    await removeHome()
    throw new StackFailed(child.exitCode, lines.join('\n'), stderr)
  }
  const pidOf = (name: string) => pidIn(home, name)
  return {
    // `up` prints a ReadyLine.
    ready: JSON.parse(line) as ReadyLine,
    home,
    pid: child.pid ?? 0,
    pidOf,
    pids: () => pidsIn(home),
    kill: (name) => void process.kill(pidOf(name), 'SIGKILL'),
    stderr: () => stderr,
    ended,
    stop: async () => {
      await stop(child, ended)
      await removeHome()
      return child.exitCode
    },
  }
}

function processArgs({ processes = {} }: StackOptions): string[] {
  // The type of Object.entries loses the names of the keys.
  const counts = Object.entries(processes) as [keyof typeof PROCESS_OPTIONS, number][]
  return counts.flatMap(([component, count]) => [PROCESS_OPTIONS[component], String(count)])
}

async function stop(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (hasEnded(child)) return
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX)
  await ended
  clearTimeout(timer)
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}

function pidsIn(home: string): Readonly<Record<string, number>> {
  const text = readFileSync(join(home, 'installation.json'), 'utf8')
  // `up` updates this file at each start of a process.
  return (JSON.parse(text) as { pids: Readonly<Record<string, number>> }).pids
}

function pidIn(home: string, name: string): number {
  const pids = pidsIn(home)
  const pid = pids[name]
  if (pid === undefined)
    throw new Error(`there is no process ${name}, only ${Object.keys(pids).join()}`)
  return pid
}
