import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as after } from 'node:timers/promises'

/**
 * Suspends a process and its children, such as the backends of PostgreSQL, with SIGSTOP for `ms`.
 * The processes then continue.
 */
export async function stopFor(pid: number, ms: number): Promise<void> {
  await stopWhile(pid, () => after(ms))
}

/** Suspends a process and its children until the promise of `act` settles. */
export async function stopWhile(pid: number, act: () => Promise<void>): Promise<void> {
  const family = [pid, ...childrenOf(pid)]
  for (const member of family) signal(member, 'SIGSTOP')
  try {
    await act()
  } finally {
    for (const member of family) signal(member, 'SIGCONT')
  }
}

/** Sends a signal. Does nothing if the process no longer exists. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => parentOf(pid) === parent)
}

/** The parent's pid: field 4 of /proc/PID/stat, after the name in parentheses (see proc(5)). */
function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    // The process ended after it was listed.
    return undefined
  }
}
