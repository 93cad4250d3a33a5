import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as after } from 'node:timers/promises'

/**
 * SIGSTOP for a while: a process and its children (PostgreSQL's backends) hold still, then go
 * on.
 */
export async function stopFor(pid: number, ms: number): Promise<void> {
  await stopWhile(pid, () => after(ms))
}

/** The same until `act` is through. */
export async function stopWhile(pid: number, act: () => Promise<void>): Promise<void> {
  const family = [pid, ...childrenOf(pid)]
  for (const member of family) signal(member, 'SIGSTOP')
  try {
    await act()
  } finally {
    for (const member of family) signal(member, 'SIGCONT')
  }
}

/** One that ended meanwhile needs no signal. */
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

/** proc(5): field 4 of /proc/PID/stat, behind the name in brackets. */
function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    // It ended between the listing and now.
    return undefined
  }
}
