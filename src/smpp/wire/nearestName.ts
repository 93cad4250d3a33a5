/** The name that `wrong` probably means; undefined if no name is similar enough. */
export function nearestName(wrong: string, names: readonly string[]): string | undefined {
  const plainWrong = plain(wrong)
  let nearest: { name: string; distance: number } | undefined
  for (const name of names) {
    const distance = distanceOf(plainWrong, plain(name))
    if (!nearest || distance < nearest.distance) nearest = { name, distance }
  }
  const farthest = Math.ceil(plainWrong.length / 3)
  if (nearest && nearest.distance <= farthest) return nearest.name
  return names.find((name) => isPartOf(plainWrong, plain(name)))
}

/** Advice for the end of a message about an unknown name. */
export function orWhat(
  wrong: string,
  names: readonly string[],
  otherwise = `valid names are ${names.join(', ')}`,
): string {
  const nearest = nearestName(wrong, names)
  return nearest === undefined ? otherwise : `did you mean ${nearest}?`
}

/** Ignores case and underscores: systemId, system_id and SYSTEM_ID become the same. */
function plain(name: string): string {
  return name.replaceAll('_', '').toLowerCase()
}

function isPartOf(wrong: string, name: string): boolean {
  return wrong.length >= 4 && (name.startsWith(wrong) || name.endsWith(wrong))
}

/**
 * The smallest number of changes that turn one name into the other. A change inserts, deletes or
 * replaces a letter, or swaps two neighbouring letters.
 */
function distanceOf(one: string, other: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (let i = 1; i <= one.length; i++) {
    const row = [i]
    for (let j = 1; j <= other.length; j++) {
      const isSame = one[i - 1] === other[j - 1]
      let least = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (isSame ? 0 : 1))
      const isSwapped = one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]
      if (isSwapped && j > 1 && i > 1) least = Math.min(least, beforeLast[j - 2]! + 1)
      row.push(least)
    }
    beforeLast = last
    last = row
  }
  return last[other.length]!
}
