import { figureOf } from './figure.ts'
import type { Figure } from './figure.ts'
import { processUse } from './processUse.ts'
import type { ProcessUse } from './processUse.ts'

/** Resource use by process name. PostgreSQL includes its backends. */
export type PlatformUse = ReadonlyMap<string, ProcessUse>

export function platformUse(pids: Readonly<Record<string, number>>): PlatformUse {
  const counted = new Set(Object.values(pids))
  return new Map(Object.entries(pids).map(([name, pid]) => [name, processUse(pid, counted)]))
}

export function cpuBetween(before: PlatformUse, after: PlatformUse): [string, number][] {
  return [...after].map(([name, use]) => [
    name,
    use.cpuSeconds - (before.get(name)?.cpuSeconds ?? 0),
  ])
}

/** CPU time by process, in total and per message. */
export function cpuFigures(
  bench: string,
  cpuSeconds: Iterable<readonly [string, number]>,
  messages: number,
): Figure[] {
  const figure = figureOf(bench)
  return [...cpuSeconds].flatMap(([name, seconds]) => [
    figure(`cpu ${name}`, seconds, 's'),
    figure(`cpu per message ${name}`, (seconds * 1e6) / Math.max(1, messages), 'us'),
  ])
}
