/** A change of how many binds are open, as an SMSC sees it. */
export interface BindChange {
  readonly atMs: number
  readonly open: number
}

/** A bind was lost, and it or another one in its place came. */
export interface Takeover {
  readonly lostAtMs: number
  /** Undefined: not until the end. */
  readonly regainedAtMs: number | undefined
}

/**
 * Each bind that was lost from when all `slots` were open for the first time, with the bind that
 * took its place. The SMSC cannot tell slots apart: of several that are lost, the one lost first is
 * taken to come back first, which makes the longest takeover no longer than it was and the sum
 * exact.
 */
export function takeovers(changes: readonly BindChange[], slots: number): Takeover[] {
  const firstFull = changes.findIndex(({ open }) => open >= slots)
  if (firstFull < 0) return []
  const done: Takeover[] = []
  const lost: number[] = []
  let open = slots
  for (const change of changes.slice(firstFull + 1)) {
    for (; open > change.open; open--) if (open <= slots) lost.push(change.atMs)
    for (; open < change.open; open++) {
      const lostAtMs = open < slots ? lost.shift() : undefined
      if (lostAtMs !== undefined) done.push({ lostAtMs, regainedAtMs: change.atMs })
    }
  }
  return [...done, ...lost.map((lostAtMs) => ({ lostAtMs, regainedAtMs: undefined }))]
}
