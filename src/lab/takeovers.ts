/** A change of the number of open binds, as seen by the SMSC. */
export interface BindChange {
  readonly atMs: number
  readonly open: number
}

/** The loss of a bind and its replacement by a new bind. */
export interface Takeover {
  readonly lostAtMs: number
  /** Undefined if the bind was not replaced. */
  readonly regainedAtMs: number | undefined
}

/**
 * Returns each loss of a bind, with the time of its replacement. Losses count only after binds in
 * all `slots` were open for the first time. The SMSC cannot distinguish slots, so the function
 * assumes that binds return in the order in which they were lost. The longest takeover in the
 * result may therefore be shorter than the real one, but the sum of all takeovers is exact.
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
