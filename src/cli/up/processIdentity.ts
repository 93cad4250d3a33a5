// Identifies a process by its pid and start time. A pid alone is not enough, because pids are
// reused. In a container, they are reused very soon.
import { spawnSync } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

export interface ProcessIdentity {
  readonly pid: number
  /** The start time as the system prints it. It is compared but never parsed. */
  readonly began: string
}

const POLL_MS = 20

/** Returns undefined if the process does not exist or is a zombie. */
export function identify(pid: number): ProcessIdentity | undefined {
  const began = process.platform === 'linux' ? beganOnLinux(pid) : beganByPs(pid)
  return began === undefined ? undefined : { pid, began }
}

export function isAlive({ pid, began }: ProcessIdentity): boolean {
  return identify(pid)?.began === began
}

/** Returns false if the process has ended. Throws on other failures, such as missing permission. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(identity)) return false
  try {
    return process.kill(identity.pid, signal)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false
    throw error
  }
}

/**
 * Waits until a process has ended. The process need not be a child of this process, so this
 * function polls. Resolves with false if the process still runs after `deadlineMs`.
 */
export async function endsWithin(identity: ProcessIdentity, deadlineMs: number): Promise<boolean> {
  for (let waitedMs = 0; isAlive(identity); waitedMs += POLL_MS) {
    if (waitedMs >= deadlineMs) return false
    await delay(POLL_MS)
  }
  return true
}

/** The working folder of a process; undefined if the system does not report it. */
export function workingFolder(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return undefined
  }
}

export function commandLine(pid: number): string {
  if (process.platform !== 'linux') return ps(pid, 'command=')
  return readProc(pid, 'cmdline')?.replaceAll('\0', ' ').trim() ?? ''
}

/**
 * Reads /proc/PID/stat, described in proc(5). The name in parentheses may hold any character, so
 * the fields are counted from the last `)`: field 0 is the state, field 19 the start time.
 */
function beganOnLinux(pid: number): string | undefined {
  const stat = readProc(pid, 'stat')
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, began] = [fields?.[0], fields?.[19]]
  return state === 'Z' || state === 'X' ? undefined : began
}

function beganByPs(pid: number): string | undefined {
  const [state, ...began] = ps(pid, 'state=,lstart=').split(/\s+/)
  return !state || state.startsWith('Z') ? undefined : began.join(' ')
}

function ps(pid: number, columns: string): string {
  const { stdout } = spawnSync('ps', ['-ww', '-o', columns, '-p', String(pid)], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  })
  return stdout?.trim() ?? ''
}

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return undefined
  }
}
