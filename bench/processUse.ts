import { readdirSync, readFileSync } from 'node:fs'

/** Linux counts process time in hundredths of a second (USER_HZ) on all platforms that we use. */
const TICKS_A_SECOND = 100
const PAGE_OCTETS = 4_096

export interface ProcessUse {
  /** User and system time since the process started. */
  readonly cpuSeconds: number
  /**
   * The RSS of a single process, or the summed PSS of several processes. PSS counts shared memory,
   * such as PostgreSQL's buffers, only once.
   */
  readonly residentMiB: number
}

/**
 * The resources used by a process and its children. The times of children that have ended are
 * included in the times that their parent collected, so that all PostgreSQL backends count.
 * Children in `counted` are excluded, because they are counted separately. Zero if the process has
 * ended.
 */
export function processUse(pid: number, counted: ReadonlySet<number> = new Set()): ProcessUse {
  const children = childrenByParent()
  const family: number[] = []
  let ticks = 0
  let pages = 0
  const waiting = [pid]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const stat = readStat(next)
    ticks += stat.ticks + stat.collectedTicks
    pages += stat.residentPages
    family.push(next)
    waiting.push(...(children.get(next) ?? []).filter((child) => !counted.has(child)))
  }
  return {
    cpuSeconds: ticks / TICKS_A_SECOND,
    residentMiB:
      family.length === 1
        ? (pages * PAGE_OCTETS) / 2 ** 20
        : family.reduce((sum, member) => sum + pssMiB(member), 0),
  }
}

/** The PSS of a process from /proc/PID/smaps_rollup, see proc(5). 0 if the process has ended. */
function pssMiB(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1')
    return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) / 1_024
  } catch {
    return 0
  }
}

/** Reads fields 4, 14-17 and 24 of /proc/PID/stat, see proc(5). */
function readStat(pid: number) {
  const fields = statFields(pid)
  const field = (n: number) => Number(fields[n - 3] ?? 0)
  return {
    parent: field(4),
    ticks: field(14) + field(15),
    collectedTicks: field(16) + field(17),
    residentPages: field(24),
  }
}

/** Fields from number 3 on. They follow the name, which may contain spaces and parentheses. */
function statFields(pid: number): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    // The process ended after it was listed.
    return []
  }
}

function childrenByParent(): Map<number, number[]> {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const { parent } = readStat(Number(name))
    const known = children.get(parent)
    if (known) known.push(Number(name))
    else children.set(parent, [Number(name)])
  }
  return children
}
