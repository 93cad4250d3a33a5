/** An entry that was removed from a list (`from`) or added to it (`to`). */
export interface EntryChange {
  readonly path: string
  readonly from?: string
  readonly to?: string
}

/**
 * The comparison of two lists is limited to this many pairs of entries. If there are more, all
 * entries between the common start and the common end are shown as replaced.
 */
const LCS_CELLS_MAX = 1_000_000

type Entries = readonly string[]

/** Lists the removed and the added entries of an ordered list. A shifted index is not a change. */
export function orderedListChanges(path: string, before: Entries, after: Entries): EntryChange[] {
  let start = 0
  while (start < before.length && start < after.length && before[start] === after[start]) start++
  let [endBefore, endAfter] = [before.length, after.length]
  while (endBefore > start && endAfter > start && before[endBefore - 1] === after[endAfter - 1]) {
    endBefore--
    endAfter--
  }
  const gone = before.slice(start, endBefore)
  const come = after.slice(start, endAfter)
  const kept = keptPairs(gone, come)
  const keptGone = new Set(kept.map(([index]) => index))
  const keptCome = new Set(kept.map(([, index]) => index))
  const at = (index: number) => `${path}[${start + index}]`
  return [
    ...gone.flatMap((from, index) => (keptGone.has(index) ? [] : [{ path: at(index), from }])),
    ...come.flatMap((to, index) => (keptCome.has(index) ? [] : [{ path: at(index), to }])),
  ]
}

/** Returns the longest common subsequence, as pairs of indexes. */
function keptPairs(before: Entries, after: Entries): [number, number][] {
  if (before.length * after.length > LCS_CELLS_MAX) return []
  const width = after.length + 1
  const lengths = new Uint32Array((before.length + 1) * width)
  const lengthAt = (one: number, other: number) => lengths[one * width + other] ?? 0
  for (let one = before.length - 1; one >= 0; one--) {
    for (let other = after.length - 1; other >= 0; other--) {
      lengths[one * width + other] =
        before[one] === after[other]
          ? lengthAt(one + 1, other + 1) + 1
          : Math.max(lengthAt(one + 1, other), lengthAt(one, other + 1))
    }
  }
  const pairs: [number, number][] = []
  for (let one = 0, other = 0; one < before.length && other < after.length;) {
    if (before[one] === after[other]) pairs.push([one++, other++])
    else if (lengthAt(one + 1, other) >= lengthAt(one, other + 1)) one++
    else other++
  }
  return pairs
}
