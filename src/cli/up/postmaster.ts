// Finds the PostgreSQL server that runs on a data folder, through the postmaster.pid file in that
// folder.
import { readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { commandLine, identify, signalProcess, workingFolder } from './processIdentity.ts'
import type { ProcessIdentity } from './processIdentity.ts'

export interface Postmaster {
  readonly identity: ProcessIdentity
  readonly port: number
  /** The status that the server wrote: starting, ready, stopping or standby. */
  readonly status: string
}

/**
 * How long the child processes of a killed server may take to end by themselves. Afterwards, they
 * are ended with SIGQUIT.
 */
const ORPHANS_MS_MAX = 10_000
const POLL_MS = 20

/** In postmaster.pid, line 1 holds the pid, line 4 the port and line 8 the status. */
export function findPostmaster(folder: string): Postmaster | undefined {
  const lines = readPidFile(folder)
  const identity = lines && identify(Number(lines[0]))
  if (!identity || !worksIn(identity.pid, folder)) return undefined
  return { identity, port: Number(lines[3]), status: lines[7]?.trim() ?? 'starting' }
}

/**
 * Cleans up after a server that was killed with kill -9. Waits until the child processes of the
 * server have ended, and then removes the pid file of the server. If another process has the same
 * pid now, that file would prevent a new server from starting.
 */
export async function clearRemains(folder: string): Promise<void> {
  if (!readPidFile(folder)) return
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    const orphans = processesIn(folder)
    if (orphans.length === 0) break
    if (waitedMs >= ORPHANS_MS_MAX) {
      for (const orphan of orphans) signalProcess(orphan, 'SIGQUIT')
      waitedMs = 0
    }
    await delay(POLL_MS)
  }
  rmSync(join(folder, 'postmaster.pid'), { force: true })
}

function readPidFile(folder: string): string[] | undefined {
  try {
    return readFileSync(join(folder, 'postmaster.pid'), 'utf8').split('\n')
  } catch {
    return undefined
  }
}

/** Every process of a server has the data folder as its working folder. */
function worksIn(pid: number, folder: string): boolean {
  if (process.platform === 'linux') return workingFolder(pid) === realpathSync(folder)
  return commandLine(pid).includes(folder)
}

function processesIn(folder: string): ProcessIdentity[] {
  if (process.platform !== 'linux') return []
  const real = realpathSync(folder)
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && workingFolder(Number(name)) === real)
    .flatMap((name) => identify(Number(name)) ?? [])
}
