import { setTimeout as after } from 'node:timers/promises'

const WAIT_MS = 10_000
const LOOK_MS = 50

/**
 * The number of resources that keep a process alive (timers, sockets, servers), by kind, and of the
 * process's event listeners.
 */
export type Holdings = Readonly<Record<string, number>>

export function holdings(): Holdings {
  const counts: Record<string, number> = {}
  const add = (kind: string, count = 1) => (counts[kind] = (counts[kind] ?? 0) + count)
  for (const kind of process.getActiveResourcesInfo()) add(kind)
  for (const event of process.eventNames())
    add(`listener of process: ${String(event)}`, process.listenerCount(event))
  return counts
}

/** The resources added since `before`. Waits up to 10 s for resources that are being closed. */
export async function leftovers(before: Holdings): Promise<string[]> {
  const untilMs = performance.now() + WAIT_MS
  for (;;) {
    const more = Object.entries(holdings())
      .map(([kind, count]) => ({ kind, count: count - (before[kind] ?? 0) }))
      .filter(({ count }) => count > 0)
    if (more.length === 0 || performance.now() > untilMs)
      return more.map(({ kind, count }) => `${count} ${kind}`)
    await after(LOOK_MS)
  }
}
