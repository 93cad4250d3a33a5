import { readdirSync, readFileSync } from 'node:fs'

/** Linux counts process time in hundredths of a second (USER_HZ) wherever we run. */
const TICKS_A_SECOND = 100
const PAGE_OCTETS = 4_096

export interface ProcessUse {
  /** User and system time since the process began. */
  readonly cpuSeconds: number
  /**
   * RSS of one process, or the PSS of several: memory that they share, such as PostgreSQL's
   * buffers, counts once.
   */
  readonly residentMiB: number
}

/**
 * What a process has used, its children included: those that are gone through the times their
 * parent collected, so PostgreSQL's backends all count. Children that are `counted` elsewhere are
 * left out. Zero when the process is gone.
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

/** proc(5): the share of /proc/PID/smaps_rollup that is its own. 0 when it is gone. */
function pssMiB(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1')
    return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) / 1_024
  } catch {
    return 0
  }
}

/** proc(5): fields 4, 14-17 and 24 of /proc/PID/stat. */
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

/** From field 3 on: the name before them may hold spaces and brackets. */
function statFields(pid: number): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    // The process ended between the listing and now.
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
